//! `rows` and `columns` of `file`: the file as a table.

use std::path::Path as FilePath;

use crate::decode::{Decoder, Fields};
use crate::read_back::{Format, Unread, take_types};
use crate::run::{Failure, Frame, Held};
use crate::scenario::Step;
use crate::schema::shape::{self, Shape};
use crate::source::{Diagnostic, Span};
use crate::syntax::Node;
use crate::table::Table;

/// What must hold for the rows of a file.
#[derive(Debug)]
pub(super) struct AsTable {
    path: Node,
    rows: Option<Table>,
    columns: Option<Node>,
    table: Option<Node>,
    format: Option<Node>,
}

/// Adds the keys to the step's shape.
pub(super) fn shape(shape: Shape) -> Shape {
    shape
        .key("rows", "Its rows: a text table, a list of maps, or a matcher.", shape::rows())
        .key("columns", "What its columns must be like.", shape::pattern())
        .key("in_any_order", "Whether the rows may stand in any order.", shape::truth())
        .key("format", "What it is written in; without, its name tells.", shape::choice_or_variable(&Format::NAMES))
        .key("table", "The table of a .hyper file that is meant; without, the only one.", shape::name())
}

impl AsTable {
    /// Takes the keys out of a step's fields; `beside` is what else the step asks of the file.
    pub(super) fn decode(
        path: &Node,
        beside: &[(&'static str, Node)],
        fields: &mut Fields<'_>,
        decoder: &mut Decoder,
    ) -> Option<Self> {
        let any_order = fields.take_entry("in_any_order");
        let (rows, columns) = (fields.take_entry("rows"), fields.take_entry("columns"));
        let (format, table) = (fields.take_entry("format"), fields.take_entry("table"));
        let Some((asked, _)) = rows.or(columns) else {
            for (key, _) in [any_order, format, table].into_iter().flatten() {
                let title = format!("`{}` says something of rows, and the step checks none", key.name);
                decoder.report(
                    Diagnostic::new(&key.span, title, "nothing to use it for").help("add `rows:` or `columns:`"),
                );
            }
            return None;
        };
        refuse_beside(&asked.span, beside, decoder);
        let any_order = any_order.and_then(|(_, node)| decoder.bool(node, "`in_any_order`")) == Some(true);
        let table = table.map(|(_, node)| node).filter(|node| decoder.name(node, "`table`").is_some());
        let columns = columns.map(|(_, node)| node).inspect(|node| decoder.pattern(node));
        let rows = match rows {
            Some((_, node)) => Some(Table::decode(node, any_order, decoder)?),
            None => None,
        };
        let this = Self {
            path: path.clone(),
            rows,
            columns: columns.cloned(),
            table: table.cloned(),
            format: format.map(|(_, node)| node.clone()),
        };
        let written = this.format.as_ref().unwrap_or(path).as_text().unwrap_or_default().to_owned();
        if !is_open(&written)
            && let Err(problem) = this.format_of(FilePath::new(&written), &written)
        {
            decoder.report(problem);
        }
        Some(this)
    }

    /// What must hold, and what the file has.
    pub(super) async fn held(&self, path: &FilePath, frame: &Frame<'_>, step: &Step) -> Result<Vec<Held<'_>>, Failure> {
        let named = self.format.as_ref().map(|node| frame.text(node)).transpose()?.unwrap_or_default();
        let format = self.format_of(path, &named)?;
        let table = self.table.as_ref().map(|node| frame.text(node)).transpose()?;
        let (engines, file) = (frame.scene.engines.clone(), path.to_owned());
        let reading = tokio::task::spawn_blocking(move || format.read(&file, table.as_deref(), &engines));
        // A damaged file can take its reader down.
        let read = reading.await.unwrap_or_else(|error| Err(Unread::Bad(format!("its reader broke off: {error}"))));
        let mut content = read.map_err(|unread| failure(unread, path, step))?;
        let vars = frame.vars.borrow();
        if let Some(table) = self.rows.as_ref().filter(|_| format == Format::Csv) {
            take_types(&table.expected(&vars)?, &mut content);
        }
        let mut held = Vec::new();
        if let Some(expected) = &self.columns {
            held.push(Held::member(expected, "columns", Some(content.columns_json())));
        }
        if let Some(table) = &self.rows {
            held.push(Held::Rows { table, columns: Some(content.names()), at: "rows", rows: content.rows_json() });
        }
        Ok(held)
    }

    /// The format by the word for it, or else by the file's name; with it go the rules that depend on it.
    fn format_of(&self, path: &FilePath, named: &str) -> Result<Format, Diagnostic> {
        let format = match &self.format {
            Some(node) => Format::named(named).ok_or_else(|| {
                Diagnostic::new(
                    &node.span,
                    format!("there is no format `{named}` of files with rows"),
                    "unknown format",
                )
                .help_names(named, Format::NAMES)
            }),
            None => Format::of_path(path).ok_or_else(|| {
                Diagnostic::new(
                    &self.path.span,
                    "the file's name does not tell what its rows are written in",
                    "unknown",
                )
                .help(format!(
                    "add `format:` ({}), or let the name end in {}",
                    Format::NAMES.join(", "),
                    Format::EXTENSIONS
                ))
            }),
        }?;
        if let Some(rows) = self.rows.as_ref().filter(|rows| rows.needs_order() && !format.has_order()) {
            let what = if format == Format::Hyper { "a table of Hyper" } else { "an Iceberg table" };
            return Err(Diagnostic::new(&rows.span, "these rows have no promised order", format!("{what} keeps none"))
                .help("add `in_any_order: true` to the step"));
        }
        if let Some(table) = self.table.as_ref().filter(|_| format != Format::Hyper) {
            return Err(Diagnostic::new(
                &table.span,
                "only a .hyper file has tables to choose from",
                "nothing to choose",
            )
            .help("leave `table:` out"));
        }
        Ok(format)
    }
}

/// Whether the end of a name, or a whole format, is known only when variables have values.
fn is_open(written: &str) -> bool {
    let name = written.rsplit('/').next().unwrap_or(written);
    name.rsplit('.').next().unwrap_or(name).contains(['$', '(', ')'])
}

/// A file is looked at as a table or as a text; one that is not there has no rows.
fn refuse_beside(asked: &Span, beside: &[(&'static str, Node)], decoder: &mut Decoder) {
    for (name, node) in beside {
        let label = match *name {
            "text" | "json" | "lines" => "this reads the same file as a text",
            "exists" if node.to_json() == serde_json::Value::Bool(false) => "this wants no file at all",
            _ => continue,
        };
        let title = format!("`{}` and `{name}` are not for one step", asked.text());
        decoder.report(Diagnostic::new(&node.span, title, label).help("check them in two steps, if both are meant"));
    }
}

fn failure(unread: Unread, path: &FilePath, step: &Step) -> Failure {
    let title = format!("the rows of {} cannot be read", path.display());
    match unread {
        Unread::Bad(reason) => Failure::new(step.subject(), title, reason),
        Unread::Locked(reason) => {
            Failure::new(step.subject(), title, reason).help("let the server detach it first, or check it with `query`")
        }
        Unread::NoReader(reason) => {
            let title = format!("there is no hyperd to read {} with", path.display());
            Failure::could_not_run(step.subject(), title, reason)
        }
    }
}
