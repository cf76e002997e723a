//! What a step expects of its answer, as it is written.

use std::time::Duration;

use serde_json_path::JsonPath;

use crate::decode::{Decoder, Fields};
use crate::source::{Diagnostic, Span};
use crate::sql;
use crate::syntax::Node;
use crate::table::Table;

/// The checks of a step, and what it saves.
#[derive(Debug, Default)]
pub struct Checks {
    /// What the answer must be like; `expect: any` asks for nothing but that the step does not fail.
    pub expect: Option<Node>,
    /// The tool error that must come: code, message, suggestion, sqlstate.
    pub error: Option<Node>,
    /// The JSON-RPC error that must come: code, message.
    pub protocol_error: Option<Node>,
    /// The rows that a query must return.
    pub rows: Option<Table>,
    /// The columns that a query must return.
    pub columns: Option<Node>,
    /// The content blocks of a tool's answer.
    pub content: Option<Node>,
    /// The progress notifications that must have come.
    pub progress: Option<Node>,
    /// Lines that the server must have logged during the step.
    pub logs: Option<Node>,
    /// Names and where their values stand in the answer.
    pub save: Vec<Save>,
    /// Try again until the checks hold.
    pub eventually: Option<Eventually>,
}

/// One value to keep.
#[derive(Debug)]
pub struct Save {
    /// The name that later steps use.
    pub name: String,
    /// Where the value stands in the answer.
    pub path: JsonPath,
    /// Where the capture is written.
    pub span: Span,
}

/// How to try again until the checks hold.
#[derive(Debug)]
pub struct Eventually {
    /// How long to try.
    pub within: Duration,
    /// How long to wait between two tries.
    pub every: Duration,
    /// Give up at once when the answer fits this.
    pub abort_if: Option<Node>,
}

/// Which checks a verb's answer can be put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkable {
    /// A tool's rows: every check.
    Rows,
    /// A tool's answer: every check but `rows` and `columns`.
    Tool,
    /// A value: `expect`, `protocol_error` and `save`.
    Value,
    /// None, for the step checks by itself; `eventually` repeats it.
    Itself,
    /// Nothing: the step is an action.
    Nothing,
}

/// The keys that check; `save` and `eventually` do not.
pub const CHECK_KEYS: [&str; 8] =
    ["expect", "error", "protocol_error", "rows", "columns", "content", "progress", "logs"];

impl Checks {
    /// Takes the checks out of a step's fields.
    pub fn decode(fields: &mut Fields<'_>, can: Checkable, decoder: &mut Decoder) -> Self {
        let mut checks = Self::default();
        if can == Checkable::Nothing {
            return checks;
        }
        // A check that cannot be read has a message of its own, which "checks nothing" would only hide.
        let meant = fields.has_near(&CHECK_KEYS);
        if can == Checkable::Itself {
            checks.eventually = fields.take("eventually").and_then(|node| decode_eventually(node, decoder));
            return checks;
        }
        checks.expect = pattern_field(fields, "expect", decoder);
        checks.protocol_error = error_field(fields, "protocol_error", &["code", "message"], decoder);
        checks.save = decode_save(fields, decoder);
        checks.eventually = fields.take("eventually").and_then(|node| decode_eventually(node, decoder));
        checks.logs = pattern_field(fields, "logs", decoder);
        if matches!(can, Checkable::Rows | Checkable::Tool) {
            checks.error = error_field(fields, "error", &["code", "message", "suggestion", "sqlstate"], decoder);
            checks.content = pattern_field(fields, "content", decoder);
            checks.progress = pattern_field(fields, "progress", decoder);
        }
        if can == Checkable::Rows {
            checks.columns = pattern_field(fields, "columns", decoder);
            let any_order = fields.take("in_any_order").and_then(|node| decoder.bool(node, "`in_any_order`"));
            checks.rows = fields.take("rows").and_then(|node| Table::decode(node, any_order == Some(true), decoder));
        }
        checks.refuse_contradictions(decoder);
        if !meant {
            refuse_nothing(fields.span(), decoder);
        }
        checks
    }

    fn refuse_contradictions(&self, decoder: &mut Decoder) {
        let success = self.expect.is_some() || self.rows.is_some() || self.columns.is_some();
        let failures = [&self.error, &self.protocol_error];
        let failing = failures.into_iter().flatten().next();
        if let Some(node) = failing.filter(|_| success || !self.save.is_empty()) {
            decoder.report(
                Diagnostic::new(&node.span, "a step cannot both fail and answer", "this wants the step to fail")
                    .help("split it into two steps"),
            );
        }
    }

    /// Refuses `within` beside `eventually`, whose own deadline would win without a word.
    pub fn refuse_two_deadlines(&self, within: Option<&Node>, decoder: &mut Decoder) {
        if let (Some(_), Some(node)) = (&self.eventually, within) {
            decoder.report(
                Diagnostic::new(&node.span, "this step has two deadlines", "`eventually` has its own")
                    .help("keep `eventually: { within: ... }` alone"),
            );
        }
    }

    /// Refuses what a step whose answer is dropped can never see.
    pub fn refuse_beside_dropped(&self, dropped: &Node, cancels: bool, decoder: &mut Decoder) {
        let answered = self.error.is_some() || self.protocol_error.is_some() || self.content.is_some();
        let returned = self.rows.is_some() || self.columns.is_some() || !self.save.is_empty();
        if answered || returned || cancels || self.eventually.is_some() {
            decoder.report(
                Diagnostic::new(
                    &dropped.span,
                    "the answer of this step is dropped",
                    "so only `expect` has anything to see",
                )
                .help("keep `expect: { dropped: true }`, and look at what was done in the next step"),
            );
        }
    }

    /// Refuses a table of several rows whose query promises no order.
    pub fn require_order(&self, statement: &Node, decoder: &mut Decoder) {
        let Some(table) = &self.rows else { return };
        let ordered = statement.as_text().is_none_or(|text| text.contains("$(") || sql::orders_rows(text));
        if table.needs_order() && !ordered {
            decoder.report(
                Diagnostic::new(
                    &table.span,
                    "these rows have no promised order",
                    "the query has no ORDER BY at its outer level",
                )
                .help("add ORDER BY to the query, or `in_any_order: true` to the step"),
            );
        }
    }
}

fn refuse_nothing(span: &Span, decoder: &mut Decoder) {
    let at = Span::new(&span.source, span.start, span.start);
    decoder.report(
        Diagnostic::new(&at, "this step checks nothing", "no `expect`, `rows`, `error` or other check")
            .help("say what must come back; `expect: any` asks only that it does not fail"),
    );
}

fn pattern_field(fields: &mut Fields<'_>, name: &'static str, decoder: &mut Decoder) -> Option<Node> {
    let node = fields.take(name)?;
    decoder.pattern(node);
    Some(node.clone())
}

fn error_field(
    fields: &mut Fields<'_>,
    name: &'static str,
    keys: &'static [&'static str],
    decoder: &mut Decoder,
) -> Option<Node> {
    let node = pattern_field(fields, name, decoder)?;
    let mut inner = decoder.fields(&node, name)?;
    let given = keys.iter().filter(|key| inner.take(key).is_some()).count();
    inner.finish(decoder);
    if given == 0 {
        decoder.report(
            Diagnostic::new(&node.span, format!("`{name}` says nothing about the error"), "any error would pass")
                .help(format!("name at least its code: `{name}: {{ code: ... }}`")),
        );
    }
    Some(node.clone())
}

fn decode_save(fields: &mut Fields<'_>, decoder: &mut Decoder) -> Vec<Save> {
    let Some(node) = fields.take("save") else { return Vec::new() };
    let Some(entries) = node.as_map().filter(|entries| !entries.is_empty()) else {
        decoder.expected(node, "`save`", "a map of names to paths, such as `{ id: $.rows }`");
        return Vec::new();
    };
    let mut saves = Vec::new();
    for entry in entries {
        let Some(text) = decoder.text(&entry.value, "a path") else { continue };
        match JsonPath::parse(&text) {
            Ok(path) => saves.push(Save { name: entry.key.name.clone(), path, span: entry.key.span.clone() }),
            Err(error) => decoder.report(
                Diagnostic::new(&entry.value.span, "this is not a JSON path", error.to_string())
                    .help("RFC 9535 paths begin with `$`, for example `$.result[0].id`"),
            ),
        }
    }
    saves
}

fn decode_eventually(node: &Node, decoder: &mut Decoder) -> Option<Eventually> {
    /// How long to wait between two tries when nothing is said.
    const EVERY_DEFAULT: Duration = Duration::from_millis(25);
    let mut fields = decoder.fields(node, "`eventually`")?;
    let within = fields.require("within", decoder).and_then(|node| decoder.duration(node, "`within`"));
    let every = fields.take("every").map_or(Some(EVERY_DEFAULT), |node| decoder.duration(node, "`every`"));
    let abort_if = pattern_field(&mut fields, "abort_if", decoder);
    fields.finish(decoder);
    Some(Eventually { within: within?, every: every?, abort_if })
}
