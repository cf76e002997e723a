//! The words that steps and matchers describe their own form with, for the editors' schema.

use serde_json::{Value, json};

/// The definition of an expectation.
pub(crate) const PATTERN: &str = "#/$defs/pattern";
/// The definition of a fragment's name.
pub(crate) const FRAGMENT_NAME: &str = "#/$defs/fragment_name";
/// The definition of a list of steps.
pub(crate) const STEPS: &str = "#/$defs/steps";

/// How a step is written: what stands behind its verb, and which keys are its own.
#[derive(Debug)]
pub struct Shape {
    /// What the step does, as a sentence.
    pub about: &'static str,
    /// What stands behind the verb, as a JSON Schema.
    pub value: Value,
    /// The step's own keys, each with its JSON Schema.
    pub keys: Vec<(&'static str, Value)>,
    /// Which of its keys it cannot do without.
    pub needs: Needs,
}

/// Which of a step's own keys must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None of them.
    Nothing,
    /// All of these.
    All(&'static [&'static str]),
    /// Exactly one of these.
    One(&'static [&'static str]),
    /// At least one of these.
    Some(&'static [&'static str]),
}

impl Shape {
    /// A step that is nothing but its verb and the keys that all steps share.
    pub fn of(about: &'static str, value: Value) -> Self {
        Self { about, value, keys: Vec::new(), needs: Needs::Nothing }
    }

    /// Adds a key of the step's own.
    #[must_use]
    pub fn key(mut self, name: &'static str, about: &str, schema: Value) -> Self {
        self.keys.push((name, described(schema, about)));
        self
    }

    /// Says which keys must be there.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }
}

/// The schema with words that an editor shows. Older drafts look at nothing beside a `$ref`, so it stands alone.
pub(crate) fn described(schema: Value, about: &str) -> Value {
    let mut schema = if schema.get("$ref").is_some() { json!({ "allOf": [schema] }) } else { schema };
    if let Value::Object(object) = &mut schema {
        object.insert("description".to_owned(), Value::from(about));
    }
    schema
}

/// Any value.
pub(crate) fn any() -> Value {
    json!({})
}

/// A text that is not empty.
pub(crate) fn name() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

/// A text, which may be empty.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// `true` or `false`.
pub(crate) fn truth() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number, zero or more.
pub(crate) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A map of any names to any values.
pub(crate) fn map() -> Value {
    json!({ "type": "object" })
}

/// A time with its unit.
pub(crate) fn duration() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|min)$" })
}

/// One of these words.
pub(crate) fn choice(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// One of these words, or a variable that stands for one.
pub(crate) fn choice_or_variable(words: &[&str]) -> Value {
    json!({ "anyOf": [choice(words), { "type": "string", "pattern": "\\$\\(" }] })
}

/// What a value must be like.
pub(crate) fn pattern() -> Value {
    json!({ "$ref": PATTERN })
}

/// A text, or a list of texts.
pub(crate) fn names() -> Value {
    json!({ "anyOf": [text(), { "type": "array", "items": name() }] })
}

/// A statement, or a list of at least one.
pub(crate) fn statements() -> Value {
    json!({ "anyOf": [name(), { "type": "array", "minItems": 1, "items": name() }] })
}

/// Rows: a text table, a list of maps, or a matcher.
pub(crate) fn rows() -> Value {
    let list = json!({ "type": "array", "items": { "allOf": [pattern()], "type": "object" } });
    json!({ "anyOf": [text(), list, { "allOf": [pattern()], "type": "object" }] })
}
