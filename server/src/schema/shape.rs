//! Schemas from types, without what no client reads.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// The description and the schema of a tool's arguments: nothing but what it names is taken.
pub(crate) fn of_input<T: JsonSchema>() -> (String, Value) {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_deserialize());
    let mut description = String::new();
    if let Value::Object(object) = &mut schema {
        if let Some(Value::String(text)) = object.remove("description") {
            description = text;
        }
        object.insert("additionalProperties".to_owned(), json!(false));
        object.entry("properties").or_insert_with(|| json!({}));
    }
    (description, schema)
}

/// The schema of a tool's answer: what it names, and nothing else, so that a client can rely on both.
pub(crate) fn of_output<T: JsonSchema>() -> Value {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_serialize());
    if let Value::Object(object) = &mut schema {
        object.remove("description");
    }
    close(&mut schema);
    schema
}

/// An object whose members are named has no others.
fn close(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if object.contains_key("properties") {
        object.entry("additionalProperties").or_insert(json!(false));
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items" | "additionalProperties", value) => close(value),
            ("anyOf" | "oneOf", Value::Array(branches)) => branches.iter_mut().for_each(close),
            _ => {}
        }
    }
}

fn generate<T: JsonSchema>(mut settings: SchemaSettings) -> Value {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// Removes titles, formats that only name Rust's types, and the null that stands for a property left out.
fn tidy(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    for noise in ["$schema", "title", "format"] {
        object.remove(noise);
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    constants_to_enum(object);
    let required = object.get("required").cloned().unwrap_or_default();
    let optional = |name: &str| !required.as_array().is_some_and(|names| names.iter().any(|required| required == name));
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    // A property that is always there may have null for its value.
                    if optional(name) {
                        without_null(property);
                    }
                    tidy(property);
                }
            }
            ("items" | "additionalProperties", value) => tidy(value),
            ("anyOf" | "oneOf", Value::Array(branches)) => branches.iter_mut().for_each(tidy),
            _ => {}
        }
    }
}

fn without_null(property: &mut Value) {
    let Value::Object(object) = property else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type") != Some(&json!("null")));
        if branches.len() == 1
            && let Some(Value::Object(only)) = branches.pop()
        {
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Choices whose variants are documented come as a list of constants; clients show a plain list better.
fn constants_to_enum(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else { return };
    let constants: Option<Vec<Value>> = branches.iter().map(|branch| branch.get("const").cloned()).collect();
    if let Some(constants) = constants {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), Value::Array(constants));
    }
}
