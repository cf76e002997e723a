//! The parts of a file that are not steps of their own: file, scenario, fragment, server, and the keys that steps share.

use serde_json::{Map, Value, json};

use super::shape::{self, described};
use crate::bounds::{BOUNDS, BoundKind};
use crate::checks::Checkable;
use crate::steps::Verb;

const REQUIREMENTS: &str = "#/$defs/requirements";

type Keys = Vec<(&'static str, Value)>;

/// The properties of an object.
pub(super) fn properties(keys: Keys) -> Value {
    Value::Object(keys.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect::<Map<_, _>>())
}

fn closed(keys: Keys, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties(keys),
        "required": required,
        "additionalProperties": false,
    })
}

fn key(name: &'static str, about: &str, schema: Value) -> (&'static str, Value) {
    (name, described(schema, about))
}

/// One of these names, or any name where there are none.
pub(super) fn one_of(names: &[String]) -> Value {
    if names.is_empty() { shape::name() } else { json!({ "enum": names }) }
}

/// One of these names, or a list of them.
pub(super) fn one_or_more(names: &[String]) -> Value {
    json!({ "anyOf": [one_of(names), { "type": "array", "items": one_of(names) }] })
}

fn steps() -> Value {
    json!({ "$ref": shape::STEPS })
}

fn shared() -> Keys {
    vec![
        key("about", "Words for the reader.", shape::name()),
        key("requirements", "Ids of scenarios/requirements.yaml that this proves.", json!({ "$ref": REQUIREMENTS })),
        key("tags", "Words to filter by; `slow` keeps it out of cargo test.", shape::names()),
        key("needs", "What it can only be run with.", json!({ "$ref": "#/$defs/needs" })),
        key("finally", "Steps that are done at the end in any case, in reverse.", steps()),
    ]
}

pub(super) fn file() -> Value {
    let scenarios = json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/scenario" } });
    let mut keys = vec![
        key("feature", "What the scenarios are about.", shape::name()),
        key("server", "How the server of each scenario is started.", json!({ "$ref": "#/$defs/server" })),
        key("scenarios", "The scenarios; each starts from a fresh directory, databases and session.", scenarios),
    ];
    keys.extend(shared());
    let mut file = closed(keys, &["feature", "scenarios"]);
    let each = json!({ "properties": { "scenarios": { "items": { "required": ["requirements"] } } } });
    file["anyOf"] = json!([{ "required": ["requirements"] }, each]);
    file
}

pub(super) fn scenario() -> Value {
    let scalar = json!({ "type": ["string", "number", "boolean", "null"] });
    let values = json!({ "type": "array", "minItems": 1, "items": scalar });
    let matrix = json!({ "type": "object", "minProperties": 1, "additionalProperties": values });
    let mut keys = vec![
        key("scenario", "Its name: what must hold, as a sentence.", shape::name()),
        key("matrix", "Names, and the values that they take in turn.", matrix),
        key("ignore", "Why it is left out.", shape::name()),
        key("steps", "What is done and what must come of it.", steps()),
    ];
    keys.extend(shared());
    closed(keys, &["scenario", "steps"])
}

pub(super) fn fragment() -> Value {
    let keys = vec![
        key("fragment", "What its steps come to, as a sentence.", shape::name()),
        key("about", "Words for the reader.", shape::name()),
        key("parameters", "The names that `with` must give.", shape::names()),
        key("steps", "What `use` does.", steps()),
    ];
    closed(keys, &["fragment", "steps"])
}

pub(super) fn server() -> Value {
    let mut keys = vec![
        key("persistent", "Whether there is a persistent database [default: true].", shape::truth()),
        key("read_only", "Whether it refuses every write [default: false].", shape::truth()),
        key("engine", "Whether it has a hyperd of its own.", shape::choice(&["shared", "private"])),
    ];
    keys.extend(BOUNDS.iter().map(|bound| {
        let shape = match bound.kind {
            BoundKind::Duration => shape::duration(),
            BoundKind::Count => shape::count(),
        };
        key(bound.name, bound.about, shape)
    }));
    closed(keys, &[])
}

pub(super) fn needs() -> Value {
    let mut schema = closed(
        vec![
            key("hyper", "Releases of hyperd, such as \">=0.0.19484, <0.0.25080\".", comparisons()),
            key("protocol", "Revisions of MCP, such as \">=2025-06-18\".", comparisons()),
            key("target", "Names of targets.", shape::names()),
        ],
        &[],
    );
    schema["minProperties"] = json!(1);
    schema
}

/// Comparisons with numbers, joined by `,`.
fn comparisons() -> Value {
    let one = "\\s*(>=|<=|>|<|=)?\\s*[0-9][-0-9.]*\\s*";
    json!({ "type": "string", "pattern": format!("^{one}(,{one})*$") })
}

pub(super) fn eventually() -> Value {
    let keys = vec![
        key("within", "How long to try.", shape::duration()),
        key("every", "How long to wait between two tries [default: 25ms].", shape::duration()),
        key("abort_if", "Give up at once when the answer fits this.", shape::pattern()),
    ];
    closed(keys, &["within"])
}

/// The schema of an error that must come: at least one thing about it, or any error would pass.
fn announced(keys: Keys) -> Value {
    let mut schema = closed(keys, &[]);
    schema["minProperties"] = json!(1);
    schema
}

pub(super) fn error() -> Value {
    announced(vec![
        key("code", "Its code, exactly.", shape::pattern()),
        key("message", "A part of its message, or a matcher.", shape::pattern()),
        key("suggestion", "A part of what it says to do, or a matcher.", shape::pattern()),
        key("sqlstate", "Its SQLSTATE, exactly.", shape::pattern()),
    ])
}

pub(super) fn protocol_error() -> Value {
    announced(vec![
        key("code", "Its number, exactly.", shape::pattern()),
        key("message", "A part of its message, or a matcher.", shape::pattern()),
    ])
}

/// The keys that a step of this verb shares with others.
pub(super) fn common(verb: &dyn Verb) -> Keys {
    let can = verb.checkable();
    let mut keys = vec![
        key("name", "The step's name in reports.", shape::name()),
        key("when", "The values that the matrix must have for the step to be done.", condition()),
        key("within", "How long the step may take [default: 30s].", shape::duration()),
    ];
    if verb.has_client() {
        keys.push(key("as", "The client that does it.", shape::name()));
    }
    if can != Checkable::Nothing {
        keys.push(key("eventually", "Try again until the checks hold.", json!({ "$ref": "#/$defs/eventually" })));
    }
    if matches!(can, Checkable::Rows | Checkable::Tool | Checkable::Value) {
        let refused = json!({ "$ref": "#/$defs/protocol_error" });
        keys.push(key("expect", "What the answer must be like; `any`: only that it does not fail.", shape::pattern()));
        keys.push(key("protocol_error", "The JSON-RPC error that must come.", refused));
        keys.push(key("save", "Names, and the RFC 9535 paths of their values in the answer.", save()));
        keys.push(key("logs", "Lines that the server must have logged.", shape::pattern()));
    }
    if matches!(can, Checkable::Rows | Checkable::Tool) {
        keys.push(key("error", "The tool error that must come.", json!({ "$ref": "#/$defs/error" })));
        keys.push(key("content", "What the content blocks must be like.", shape::pattern()));
        keys.push(key("progress", "What the progress notifications must be like.", shape::pattern()));
        keys.push(key("drop_response", "Keep the answer from the client, which loses its connection.", shape::truth()));
        keys.push(key("cancel_after", "When to cancel the request.", shape::duration()));
    }
    if can == Checkable::Rows {
        keys.push(key("rows", "The rows: a text table, a list of maps, or a matcher.", shape::rows()));
        keys.push(key("columns", "What the columns must be like.", shape::pattern()));
        keys.push(key("in_any_order", "Whether the rows may come in any order.", shape::truth()));
    }
    keys
}

fn condition() -> Value {
    json!({ "type": "object", "minProperties": 1, "propertyNames": { "pattern": "^\\$\\([^)]+\\)$" } })
}

fn save() -> Value {
    let path = json!({ "type": "string", "pattern": "^\\$" });
    json!({ "type": "object", "minProperties": 1, "additionalProperties": path })
}
