//! What a load is asked to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fit::ColumnTypes;
use super::format::Format;
use super::input::Input;
use crate::args::Target;
use crate::limits::CATALOG_SQL_CHARS_MAX;

/// What becomes of a table that exists already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LoadMode {
    /// It gives way to a new one.
    #[default]
    Replace,
    /// It gets further rows.
    Append,
    /// Its rows give way to those with the same key, see the module `merge`.
    #[serde(skip_deserializing)]
    Merge,
    /// It is in the way: no tool that loads files offers this.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    Create,
}

/// What is loaded, and where to.
#[derive(Debug)]
pub struct LoadRequest {
    /// The rows.
    pub input: Input,
    /// What they are written in, where that is not to be found out.
    pub format: Option<Format>,
    /// Where in a JSON document they are.
    pub json_path: Option<String>,
    /// The table's name, as the client wrote it.
    pub table: String,
    /// What becomes of a table of that name.
    pub mode: LoadMode,
    /// The columns that rows are matched by where the mode is [`LoadMode::Merge`]; none in the others.
    pub merge_key: Vec<String>,
    /// Types that are not to be inferred.
    pub types: ColumnTypes,
    /// Texts that are NULL.
    pub null_values: Vec<String>,
    /// The database.
    pub target: Target,
    /// The tool that was called, for the table catalogue.
    pub tool: &'static str,
}

impl LoadRequest {
    /// The arguments that say how to do the load again, as the table catalogue keeps them; rows of the call are not.
    pub(super) fn params(&self) -> Value {
        let mut params = json!({ "mode": self.mode });
        match &self.input {
            Input::File(file) => params["path"] = json!(file.path),
            Input::Iceberg(table) => table.describe(&mut params),
            Input::Query(sql) => {
                params["sql"] = sql.chars().take(CATALOG_SQL_CHARS_MAX).collect::<String>().into();
            }
            Input::Inline(_) => {}
        }
        if !self.merge_key.is_empty() {
            params["merge_key"] = json!(self.merge_key);
        }
        if let Some(path) = &self.json_path {
            params["json_extract_path"] = json!(path);
        }
        if !self.types.is_empty() {
            params["schema"] = json!(self.types);
        }
        if !self.null_values.is_empty() {
            params["null_values"] = json!(self.null_values);
        }
        params
    }
}
