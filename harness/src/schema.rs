//! The language as a JSON Schema, so that an editor completes, explains and checks while a scenario is written.
//!
//! Steps and matchers describe themselves ([`steps::ALL`], [`matchers::ALL`]). Of JSON Schema 2020-12 it uses only what
//! means the same in draft 07, which is what editors know best.

mod parts;
pub mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::checks::{CHECK_KEYS, Checkable};
use crate::matchers;
use crate::steps::{self, Verb};
use crate::suite::Suite;
use parts::properties;
use shape::{Needs, Shape, described};

/// The names of a suite that a file can speak of.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The ids of `requirements.yaml`; none where any id will do.
    pub requirements: Vec<String>,
    /// The fragments; none where any name will do.
    pub fragments: Vec<String>,
}

impl Names {
    /// The names of this suite.
    pub fn of(suite: &Suite) -> Self {
        Self {
            requirements: suite.requirements.keys().cloned().collect(),
            fragments: suite.fragments.keys().cloned().collect(),
        }
    }
}

/// The schema of scenario files and fragments.
pub fn generate(names: &Names) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hyper-conform scenario file or fragment",
        "type": "object",
        "if": { "required": ["fragment"] },
        "then": { "$ref": "#/$defs/fragment" },
        "else": { "$ref": "#/$defs/file" },
        "$defs": {
            "requirements": parts::one_or_more(&names.requirements),
            "fragment_name": parts::one_of(&names.fragments),
            "file": parts::file(),
            "fragment": parts::fragment(),
            "scenario": parts::scenario(),
            "server": parts::server(),
            "needs": parts::needs(),
            "steps": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } },
            "step": step(),
            "eventually": parts::eventually(),
            "error": parts::error(),
            "protocol_error": parts::protocol_error(),
            "pattern": pattern(),
        },
    })
}

/// What has nothing to see where the answer is dropped.
const DROPPED: [&str; 8] =
    ["error", "protocol_error", "content", "rows", "columns", "save", "cancel_after", "eventually"];

/// Each verb is a branch of its own, chosen by the verb's key, so that a message speaks of that verb alone.
fn step() -> Value {
    let verbs = || steps::ALL.into_iter();
    let values = verbs().map(|verb| (verb.name().to_owned(), described(json!({}), verb.shape().about)));
    let branches = verbs().map(|verb| json!({ "if": { "required": [verb.name()] }, "then": branch(verb) }));
    let one_verb = verbs().map(|verb| json!({ "required": [verb.name()] }));
    json!({
        "type": "object",
        "properties": values.collect::<Map<_, _>>(),
        "oneOf": one_verb.collect::<Vec<_>>(),
        "allOf": branches.collect::<Vec<_>>(),
    })
}

fn branch(verb: &dyn Verb) -> Value {
    let Shape { about, value, keys, needs } = verb.shape();
    let mut own = vec![(verb.name(), described(value, about))];
    own.extend(keys);
    own.extend(parts::common(verb));
    let mut demands: Vec<Value> = match needs {
        Needs::Nothing => Vec::new(),
        Needs::All(names) => vec![json!({ "required": names })],
        Needs::One(names) => vec![json!({ "oneOf": required(names) })],
        Needs::Some(names) => vec![json!({ "anyOf": required(names) })],
    };
    let can = verb.checkable();
    let checks: Vec<&str> = CHECK_KEYS.into_iter().filter(|key| own.iter().any(|(name, _)| name == key)).collect();
    if !matches!(can, Checkable::Itself | Checkable::Nothing) {
        demands.push(json!({ "anyOf": required(&checks) }));
        demands.extend(contradictions());
    }
    let mut branch = json!({ "properties": properties(own), "additionalProperties": false });
    if !demands.is_empty() {
        branch["allOf"] = Value::from(demands);
    }
    branch
}

fn required(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ "required": [name] })).collect()
}

/// A step that fails or whose answer is dropped has no answer to look at, and `eventually` has a deadline of its own.
fn contradictions() -> Vec<Value> {
    let none = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!(false))).collect::<Map<_, _>>();
    let answer = none(&["expect", "rows", "columns", "save"]);
    ["error", "protocol_error"]
        .into_iter()
        .map(|key| json!({ "if": { "required": [key] }, "then": { "properties": answer } }))
        .chain([
            json!({ "if": { "required": ["eventually"] }, "then": { "properties": none(&["within"]) } }),
            json!({
                "if": { "required": ["drop_response"], "properties": { "drop_response": { "const": true } } },
                "then": { "properties": none(&DROPPED) },
            }),
        ])
        .collect()
}

/// An expectation: a value, or a map whose one key is a matcher.
fn pattern() -> Value {
    let with_argument = matchers::ALL.into_iter().filter_map(|matcher| {
        let argument = matcher.argument()?;
        // What a variable stands for is not known before the run.
        let argument = json!({ "anyOf": [argument, { "type": "string", "pattern": "\\$\\(" }] });
        Some((matcher.name().to_owned(), described(argument, matcher.example())))
    });
    let with_argument: Map<String, Value> = with_argument.collect();
    let names: Vec<&String> = with_argument.keys().collect();
    let taken = required(&names.iter().map(|name| name.as_str()).collect::<Vec<_>>());
    json!({
        "properties": with_argument,
        "propertyNames": { "anyOf": [{ "enum": names }, { "not": { "pattern": "^\\$[A-Za-z][A-Za-z0-9_]*$" } }] },
        "additionalProperties": { "$ref": shape::PATTERN },
        "items": { "$ref": shape::PATTERN },
        "if": { "type": "object", "anyOf": taken },
        "then": { "maxProperties": 1 },
        "examples": matchers::names().filter(|name| !names.iter().any(|known| known == name)).collect::<Vec<_>>(),
    })
}
