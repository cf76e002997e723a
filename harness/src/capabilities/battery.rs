//! `scenarios/capabilities/<theme>.yaml`, read whole.

use std::collections::BTreeMap;
use std::path::Path;

use super::row::Row;
use crate::decode::Decoder;
use crate::requirements::{Requirement, Requirements};
use crate::source::{Diagnostic, Span};
use crate::syntax::Node;

/// All rows, theme by theme.
#[derive(Debug, Default)]
pub struct Battery {
    /// The themes, in the order of their files.
    pub themes: Vec<Theme>,
}

/// One file of rows.
#[derive(Debug)]
pub struct Theme {
    /// The file's name without its ending, the first part of its rows' ids.
    pub name: String,
    /// What stands above its rows.
    pub title: String,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Theme {
    /// Reads one file.
    pub fn decode(node: &Node, name: &str, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a file of capabilities")?;
        let title = fields.require("theme", decoder).and_then(|node| decoder.name(node, "`theme`"));
        let rows = fields.require("rows", decoder);
        fields.finish(decoder);
        let Some(items) = rows.and_then(Node::as_list).filter(|items| !items.is_empty()) else {
            if let Some(node) = rows {
                decoder.expected(node, "`rows`", "a list of rows");
            }
            return None;
        };
        let rows: Vec<Row> = items.iter().filter_map(|item| Row::decode(item, name, decoder)).collect();
        refuse_duplicates(&rows, decoder);
        Some(Self { name: name.to_owned(), title: title?, rows })
    }
}

fn refuse_duplicates(rows: &[Row], decoder: &mut Decoder) {
    let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
    for row in rows {
        if let Some(first) = seen.insert(&row.id, &row.span) {
            decoder.report(
                Diagnostic::new(&row.span, format!("the row `{}` stands here twice", row.id), "the second one")
                    .help(format!("the first is at {}", first.place())),
            );
        }
    }
}

impl Battery {
    /// Every row, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.themes.iter().flat_map(|theme| &theme.rows)
    }

    /// The row of that id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows().find(|row| row.id == id)
    }

    /// The rows whose ids have one of `filters` in them; all where there is none.
    ///
    /// # Errors
    ///
    /// A filter that fits no row, with the nearest id.
    pub fn select(&self, filters: &[String]) -> Result<Vec<&Row>, String> {
        for filter in filters {
            if !self.rows().any(|row| row.id.contains(filter.as_str())) {
                let near = crate::source::nearest(filter, self.rows().map(|row| row.id.as_str()));
                let hint = near.map_or_else(String::new, |id| format!("; did you mean `{id}`?"));
                return Err(format!("no capability fits `{filter}`{hint}"));
            }
        }
        let fits = |row: &&Row| filters.is_empty() || filters.iter().any(|filter| row.id.contains(filter.as_str()));
        Ok(self.rows().filter(fits).collect())
    }

    /// What the server requires of Hyper, one a row: `hyper.<id>`, each proved by the row that it comes from.
    pub fn requirements(&self) -> Requirements {
        let derived = self.rows().map(|row| {
            let requirement = Requirement {
                statement: row.why.clone(),
                from: row.span.source.shown.clone(),
                excluded: None,
                span: row.span.clone(),
            };
            (format!("hyper.{}", row.id), requirement)
        });
        derived.collect()
    }
}

/// Whether a file of the suite is one of capabilities.
pub fn is_battery_file(root: &Path, path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder == root.join("capabilities"))
}
