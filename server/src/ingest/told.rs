//! What an answer says of how an input was read.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::misfit;
use super::relation::{Staged, Wanted};
use super::types::SqlType;

/// What is to be known of how an input was read.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Told {
    /// Columns in which NA, N/A, NULL or a text of `null_values` was read as NULL, and how often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    null_words: BTreeMap<String, u64>,
    /// Columns of text in which words such as NA or - stay words, and how often; `null_values` makes them NULL.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    null_words_kept: BTreeMap<String, u64>,
    /// How columns were read that can be read in two ways, and what to do about words that stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Staged {
    /// What the answer says of how the columns were read as these types.
    pub fn told(&self, wanted: &[Wanted]) -> Told {
        let mut told = Told { notes: self.settled.notes.clone(), ..Told::default() };
        let mut words = BTreeSet::new();
        for wanted in wanted {
            let column = &self.columns[wanted.index];
            if wanted.sql_type == SqlType::TimestampTz && matches!(column.sql_type, SqlType::Date | SqlType::Timestamp)
            {
                told.notes.push(format!("{}.", misfit::zoneless(&column.name)));
            }
            let Some(evidence) = column.evidence else { continue };
            let nulls = evidence.nulls_as(wanted.sql_type);
            if nulls > 0 {
                told.null_words.insert(column.name.clone(), nulls);
            }
            if wanted.sql_type.is_text() && evidence.missing() > 0 {
                told.null_words_kept.insert(column.name.clone(), evidence.missing());
                words.extend(evidence.missing_words());
            }
        }
        if !words.is_empty() {
            let words = json!(words);
            told.notes.push(format!(
                "Words that may stand for a missing value are texts here: null_values: {words} makes them NULL."
            ));
        }
        told
    }
}
