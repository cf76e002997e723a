//! A row of the battery: SQL, what came of it on the pinned release, and why that matters.

use std::time::Duration;

use super::places;
use crate::decode::{Decoder, Fields};
use crate::source::{Diagnostic, Span};
use crate::sql;
use crate::syntax::{Key, Kind, Node};
use crate::table::Table;

/// One capability.
#[derive(Debug)]
pub struct Row {
    /// `<theme's file>.<name>`; `hyper.<id>` is the requirement that the row stands for.
    pub id: String,
    /// What rests on it.
    pub why: String,
    /// Files of the row's directory: their names and where their content comes from.
    pub files: Vec<(String, Content)>,
    /// Statements that prepare.
    pub setup: Vec<String>,
    /// The statements that are tried; the last one's answer is the row's.
    pub statements: Vec<Statement>,
    /// What is pinned.
    pub pinned: Pinned,
    /// Where it is written.
    pub span: Span,
}

/// What a file of a row holds.
#[derive(Debug)]
pub enum Content {
    /// This text.
    Text(String),
    /// A file of `scenarios/data`.
    Data(String),
}

/// One statement of a row.
#[derive(Debug)]
pub struct Statement {
    /// What it does.
    pub action: Action,
    /// The connection: none is the row's own.
    pub on: Option<String>,
    /// The SQLSTATE with which it must fail for the row to go on.
    pub fails: Option<String>,
}

/// What a statement does.
#[derive(Debug)]
pub enum Action {
    /// Runs SQL; cancels it after a while where one is given.
    Sql(String, Option<Duration>),
    /// Closes the connection.
    Close,
}

/// The connection of this name goes to a second hyperd of the same release.
pub const ANOTHER_HYPERD: &str = "another_hyperd";

/// What a row must do on the pinned release.
#[derive(Debug)]
pub enum Pinned {
    /// Every statement succeeds.
    Supported {
        /// The columns of the last answer and their types.
        columns: Option<Vec<(String, String)>>,
        /// Its rows.
        rows: Option<Table>,
        /// Its command tag.
        tag: Option<String>,
    },
    /// A statement is refused.
    Rejected {
        /// The exact SQLSTATE.
        sqlstate: String,
        /// A part of the message that stays.
        message: String,
    },
    /// hyperd ends at the last statement.
    Crashes,
}

const SQLSTATE_CHARS: usize = 5;

const SUPPORTED: &str = "supported";
const REJECTED: &str = "rejected";
const CRASHES: &str = "crashes";
/// What a row can pin, one of them.
const ENDINGS: [&str; 3] = [SUPPORTED, REJECTED, CRASHES];

impl Row {
    /// A row of three statements that pins this.
    #[cfg(test)]
    pub(super) fn pinning(pinned: Pinned) -> Self {
        let statement = || Statement { action: Action::Sql("SELECT 1".to_owned(), None), on: None, fails: None };
        Self {
            id: "theme.row".to_owned(),
            why: "Something rests on it.".to_owned(),
            files: Vec::new(),
            setup: Vec::new(),
            statements: vec![statement(), statement(), statement()],
            pinned,
            span: Span::nowhere(),
        }
    }

    /// Reads a row of the theme whose file is called `theme`.
    pub fn decode(node: &Node, theme: &str, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a row")?;
        let id = fields.require("id", decoder).and_then(|node| name(node, decoder));
        let why = fields.require("why", decoder).and_then(|node| decoder.name(node, "`why`"));
        let files = fields.take("files").map_or_else(Vec::new, |node| decode_files(node, decoder));
        let setup = fields.take("setup").map_or_else(Vec::new, |node| decode_setup(node, decoder));
        let sql = fields.require("sql", decoder);
        let statements = sql.map_or_else(Vec::new, |node| decode_statements(node, decoder));
        let pinned = decode_pinned(&mut fields, decoder);
        fields.finish(decoder);
        if let (Some(Pinned::Supported { rows: Some(table), .. }), Some(node)) = (&pinned, sql) {
            require_order(table, node, decoder);
        }
        let id = format!("{theme}.{}", id?);
        Some(Self { id, why: why?, files, setup, statements, pinned: pinned?, span: node.span.clone() })
    }
}

fn name(node: &Node, decoder: &mut Decoder) -> Option<String> {
    let text = decoder.name(node, "`id`")?;
    let fits = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        decoder.expected(node, "`id`", "lower-case letters, digits and `_`");
    }
    fits.then_some(text)
}

fn decode_files(node: &Node, decoder: &mut Decoder) -> Vec<(String, Content)> {
    let Some(entries) = node.as_map() else {
        decoder.expected(node, "`files`", "a map of file names to texts");
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let content = if let Kind::Map(_) = entry.value.kind {
            let Some(mut fields) = decoder.fields(&entry.value, "a file") else { continue };
            let data = fields.require("data", decoder).and_then(|node| decoder.name(node, "`data`"));
            fields.finish(decoder);
            data.map(Content::Data)
        } else {
            decoder.text(&entry.value, "a file's content").map(Content::Text)
        };
        if entry.key.name.contains(['/', '\\']) {
            decoder.report(
                Diagnostic::new(&entry.key.span, "a file lies in the row's own directory", "this is a path")
                    .help("give its name alone; `$(dir)` is before it in the SQL"),
            );
        }
        files.extend(content.map(|content| (entry.key.name.clone(), content)));
    }
    files
}

fn decode_sql(node: &Node, what: &str, decoder: &mut Decoder) -> Option<String> {
    decoder.sql(node, what)?;
    let mut problems = Vec::new();
    places::check(node, &mut problems);
    decoder.report_all(problems);
    node.as_text().map(str::to_owned)
}

fn decode_setup(node: &Node, decoder: &mut Decoder) -> Vec<String> {
    let items = node.as_list().unwrap_or_else(|| std::slice::from_ref(node));
    items.iter().filter_map(|item| decode_sql(item, "`setup`", decoder)).collect()
}

fn decode_statements(node: &Node, decoder: &mut Decoder) -> Vec<Statement> {
    let items = node.as_list().unwrap_or_else(|| std::slice::from_ref(node));
    if items.is_empty() {
        decoder.expected(node, "`sql`", "a statement, or a list of them");
    }
    items.iter().filter_map(|item| decode_statement(item, decoder)).collect()
}

fn decode_statement(node: &Node, decoder: &mut Decoder) -> Option<Statement> {
    if node.as_map().is_none() {
        let sql = decode_sql(node, "`sql`", decoder)?;
        return Some(Statement { action: Action::Sql(sql, None), on: None, fails: None });
    }
    let mut fields = decoder.fields(node, "a statement")?;
    if let Some(close) = fields.take("close") {
        let on = decoder.name(close, "`close`, a connection,");
        fields.finish(decoder);
        return Some(Statement { action: Action::Close, on: Some(on?), fails: None });
    }
    let sql = fields.require("sql", decoder).and_then(|node| decode_sql(node, "`sql`", decoder));
    let on = fields.take("as").and_then(|node| decoder.name(node, "`as`, a connection,"));
    let fails = fields.take("fails").and_then(|node| decode_sqlstate(node, "`fails`", decoder));
    let cancel_after = fields.take("cancel_after").and_then(|node| decoder.duration(node, "`cancel_after`"));
    fields.finish(decoder);
    Some(Statement { action: Action::Sql(sql?, cancel_after), on, fails })
}

fn decode_sqlstate(node: &Node, what: &str, decoder: &mut Decoder) -> Option<String> {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let fits = |text: &&str| text.len() == SQLSTATE_CHARS && text.chars().all(upper);
    let text = node.as_text().filter(fits).map(str::to_owned);
    if text.is_none() {
        decoder.expected(node, what, "five letters and digits in quotes, such as `\"42601\"`");
    }
    text
}

fn decode_pinned(fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Pinned> {
    let pins: Vec<(&Key, &Node)> = ENDINGS.into_iter().filter_map(|ending| fields.take_entry(ending)).collect();
    // Beside another one it is no second ending, but a mistake of its own.
    let no_crash = |(key, node): &&(&Key, &Node)| key.name == CRASHES && matches!(node.kind, Kind::Bool(false));
    if let Some((_, node)) = pins.iter().find(no_crash) {
        return decode_crashes(node, decoder);
    }
    match pins.as_slice() {
        [] => {
            let at = Span::new(&fields.span().source, fields.span().start, fields.span().start);
            decoder.report(
                Diagnostic::new(&at, "this row pins nothing", "no `supported`, no `rejected` and no `crashes`").help(
                    "say what comes of it: `supported: { columns: ..., rows: ... }`, \
                     `rejected: { sqlstate: ..., message: ... }` or `crashes: true`",
                ),
            );
            None
        }
        [(key, node)] => match key.name.as_str() {
            SUPPORTED => decode_supported(node, decoder),
            REJECTED => decode_rejected(node, decoder),
            _ => decode_crashes(node, decoder),
        },
        [(first, _), ..] => {
            let names: Vec<String> = pins.iter().map(|(key, _)| format!("`{}`", key.name)).collect();
            decoder.report(
                Diagnostic::new(&first.span, "a row pins one ending", format!("this one pins {}", names.join(" and ")))
                    .help("split it, a row for each ending"),
            );
            None
        }
    }
}

fn decode_rejected(node: &Node, decoder: &mut Decoder) -> Option<Pinned> {
    let mut fields = decoder.fields(node, "`rejected`")?;
    let sqlstate = fields.require("sqlstate", decoder);
    let sqlstate = sqlstate.and_then(|node| decode_sqlstate(node, "`sqlstate`", decoder));
    let message = fields.require("message", decoder).and_then(|node| decoder.name(node, "`message`"));
    fields.finish(decoder);
    Some(Pinned::Rejected { sqlstate: sqlstate?, message: message? })
}

/// A crash has no answer to describe: `true` is all that can be said of it.
fn decode_crashes(node: &Node, decoder: &mut Decoder) -> Option<Pinned> {
    match node.kind {
        Kind::Bool(true) => return Some(Pinned::Crashes),
        Kind::Bool(false) => decoder.report(
            Diagnostic::new(&node.span, "`crashes: false` pins nothing", "a row says what comes of it")
                .help("leave it out: `supported` or `rejected` tells what hyperd answers"),
        ),
        _ => decoder.expected(node, "`crashes`", "`true`"),
    }
    None
}

fn decode_supported(node: &Node, decoder: &mut Decoder) -> Option<Pinned> {
    let mut fields = decoder.fields(node, "`supported`")?;
    let columns = fields.take("columns").map(|node| decode_columns(node, decoder));
    let any_order = fields.take("in_any_order").and_then(|node| decoder.bool(node, "`in_any_order`"));
    let rows = fields.take("rows").and_then(|node| Table::decode(node, any_order == Some(true), decoder));
    let tag = fields.take("tag").and_then(|node| decoder.name(node, "`tag`, a command tag,"));
    fields.finish(decoder);
    if columns.is_none() && rows.is_none() && tag.is_none() {
        decoder.report(
            Diagnostic::new(&node.span, "`supported` says nothing about the answer", "any answer would pass")
                .help("give `columns` and `rows`, or the command `tag` where there are none"),
        );
    }
    Some(Pinned::Supported { columns, rows, tag })
}

/// `{ a: INTEGER }`, or a list of such maps where a name comes twice.
fn decode_columns(node: &Node, decoder: &mut Decoder) -> Vec<(String, String)> {
    let maps = node.as_list().unwrap_or_else(|| std::slice::from_ref(node));
    let mut columns = Vec::new();
    for map in maps {
        let Some(entries) = map.as_map() else {
            decoder.expected(map, "`columns`", "a map of names to types");
            continue;
        };
        for entry in entries {
            let sql_type = decoder.name(&entry.value, "a column's type");
            columns.extend(sql_type.map(|sql_type| (entry.key.name.clone(), sql_type)));
        }
    }
    columns
}

fn require_order(table: &Table, node: &Node, decoder: &mut Decoder) {
    let last = node.as_list().and_then(<[Node]>::last).unwrap_or(node);
    let text = last.get("sql").unwrap_or(last).as_text().unwrap_or_default();
    if table.needs_order() && !sql::orders_rows(text) {
        decoder.report(
            Diagnostic::new(&table.span, "these rows have no promised order", "the last statement has no ORDER BY")
                .help("add ORDER BY, or `in_any_order: true`"),
        );
    }
}

impl Statement {
    /// Its SQL, if it has any.
    pub fn sql(&self) -> Option<&str> {
        match &self.action {
            Action::Sql(sql, _) => Some(sql),
            Action::Close => None,
        }
    }
}
