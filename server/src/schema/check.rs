//! Arguments against a schema, with errors for people.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::words::{excerpt, listed, nearest};

/// A mistake and its remedy.
struct Mistake {
    what: String,
    remedy: String,
}

/// Checks a call's arguments; an error tells all mistakes.
pub(crate) fn check(tool: &str, schema: &Value, arguments: &Value) -> Result<(), Error> {
    let mut mistakes = Vec::new();
    value(schema, arguments, "", &mut mistakes);
    if mistakes.is_empty() {
        return Ok(());
    }
    let message = mistakes.iter().map(|mistake| mistake.what.as_str()).collect::<Vec<_>>().join("; ");
    let mut remedies: Vec<&str> = mistakes.iter().map(|mistake| mistake.remedy.as_str()).collect();
    remedies.dedup();
    Err(Error::invalid(format!("`{tool}`: {message}.")).suggest(remedies.join(" ")))
}

/// Arguments in which 2.0 is written as 2: for JSON Schema both are the same integer, for deserializers they are not.
pub(crate) fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole(&number).unwrap_or(number)),
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, with_whole_numbers(value))).collect(),
        other => other,
    }
}

fn whole(number: &serde_json::Number) -> Option<serde_json::Number> {
    // Printed without a fraction, a double that is whole has its digits and nothing else.
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    float.to_string().parse::<i64>().ok().map(Into::into)
}

fn value(schema: &Value, given: &Value, path: &str, mistakes: &mut Vec<Mistake>) {
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        match branches.iter().find(|branch| fits(branch, given)) {
            Some(branch) => value(branch, given, path, mistakes),
            None => mistakes.push(wrong_type(&branches.iter().flat_map(type_names).collect::<Vec<_>>(), given, path)),
        }
        return;
    }
    if !fits(schema, given) {
        mistakes.push(wrong_type(&type_names(schema), given, path));
        return;
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(given)
    {
        mistakes.push(wrong_choice(choices, schema, given, path));
    }
    match given {
        Value::Object(fields) => object(schema, fields, path, mistakes),
        Value::Array(items) => array(schema, items, path, mistakes),
        Value::String(text) => {
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            size(schema, ["minLength", "maxLength"], length, "characters", path, mistakes);
        }
        Value::Number(number) => range(schema, number, path, mistakes),
        _ => {}
    }
}

fn object(schema: &Value, fields: &Map<String, Value>, path: &str, mistakes: &mut Vec<Mistake>) {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for name in required.iter().filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
        mistakes.push(Mistake {
            what: format!("the argument `{}` is missing", join(path, name)),
            remedy: format!("Add `{name}`{}", described(properties.get(name))),
        });
    }
    for (name, given) in fields {
        let inner = join(path, name);
        match (properties.get(name), schema.get("additionalProperties")) {
            (Some(_), _) if given.is_null() && !required.iter().any(|known| known == name.as_str()) => {}
            (Some(property), _) => value(property, given, &inner, mistakes),
            (None, Some(Value::Bool(false))) => mistakes.push(unknown(name, &inner, properties)),
            (None, Some(others)) => value(others, given, &inner, mistakes),
            (None, None) => {}
        }
    }
}

fn array(schema: &Value, items: &[Value], path: &str, mistakes: &mut Vec<Mistake>) {
    let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
    size(schema, ["minItems", "maxItems"], length, "elements", path, mistakes);
    if let Some(item) = schema.get("items") {
        for (index, given) in items.iter().enumerate() {
            value(item, given, &format!("{path}[{index}]"), mistakes);
        }
    }
}

fn size(schema: &Value, [min, max]: [&str; 2], length: u64, unit: &str, path: &str, mistakes: &mut Vec<Mistake>) {
    let bound = |key| schema.get(key).and_then(Value::as_u64);
    if bound(min).is_some_and(|min| length < min) {
        let what = if length == 0 { "is empty".to_owned() } else { format!("has {length} {unit}, too few") };
        mistakes.push(Mistake { what: format!("`{path}` {what}"), remedy: format!("Give `{path}` a value.") });
    }
    if let Some(max) = bound(max).filter(|max| length > *max) {
        mistakes.push(Mistake {
            what: format!("`{path}` has {length} {unit}; the limit is {max}"),
            remedy: format!("Make `{path}` shorter, or split the call."),
        });
    }
}

fn range(schema: &Value, number: &serde_json::Number, path: &str, mistakes: &mut Vec<Mistake>) {
    let (Some(given), bound) = (number.as_f64(), |key| schema.get(key).and_then(Value::as_f64)) else { return };
    let (min, max) = (bound("minimum"), bound("maximum"));
    if min.is_some_and(|min| given < min) || max.is_some_and(|max| given > max) {
        let remedy = match (min, max) {
            (Some(min), Some(max)) => format!("Give `{path}` a value from {min} to {max}."),
            (Some(min), None) => format!("Give `{path}` a value of at least {min}."),
            (_, max) => format!("Give `{path}` a value of at most {}.", max.unwrap_or_default()),
        };
        mistakes.push(Mistake { what: format!("`{path}` is {number}, out of range"), remedy });
    }
}

fn unknown(name: &str, path: &str, properties: &Map<String, Value>) -> Mistake {
    let names = || properties.keys().map(String::as_str);
    let takes =
        if properties.is_empty() { "It takes none.".to_owned() } else { format!("It takes {}.", listed(names())) };
    let remedy = match nearest(name, names()) {
        Some(name) => format!("Did you mean `{name}`? {takes}"),
        None => takes,
    };
    Mistake { what: format!("there is no argument {}", excerpt(path)), remedy }
}

fn wrong_type(expected: &[&str], given: &Value, path: &str) -> Mistake {
    let expected = expected.join(" or ");
    let at = if path.is_empty() { "the arguments".to_owned() } else { format!("`{path}`") };
    Mistake {
        what: format!("{at} must be of type {expected}, got {}", shown(given)),
        remedy: format!("Give {at} as {expected}."),
    }
}

fn wrong_choice(choices: &[Value], schema: &Value, given: &Value, path: &str) -> Mistake {
    let names = || choices.iter().filter_map(Value::as_str);
    let one_of = format!("`{path}` is one of {}{}", listed(names()), described(Some(schema)));
    let remedy = match given.as_str().and_then(|given| nearest(given, names())) {
        Some(name) => format!("Did you mean `{name}`? {one_of}"),
        None => one_of,
    };
    Mistake { what: format!("`{path}` cannot be {}", shown(given)), remedy }
}

fn fits(schema: &Value, given: &Value) -> bool {
    let expected = type_names(schema);
    expected.is_empty()
        || expected.iter().any(|name| match *name {
            "string" => given.is_string(),
            "integer" => given.is_i64() || given.is_u64(),
            "number" => given.is_number(),
            "boolean" => given.is_boolean(),
            "array" => given.is_array(),
            "object" => given.is_object(),
            "null" => given.is_null(),
            _ => true,
        })
}

fn type_names(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn shown(given: &Value) -> String {
    match given {
        Value::String(text) => format!("the string {}", excerpt(text)),
        Value::Number(number) => format!("the number {number}"),
        Value::Bool(truth) => format!("the boolean {truth}"),
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn described(property: Option<&Value>) -> String {
    match property.and_then(|property| property.get("description")).and_then(Value::as_str) {
        Some(description) => format!(": {description}"),
        None => ".".to_owned(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{check, with_whole_numbers};

    fn schema() -> Value {
        json!({"type": "object", "additionalProperties": false, "required": ["sql"], "properties": {
            "sql": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "maxItems": 2}]},
            "mode": {"type": "string", "enum": ["replace", "append"]},
            "n": {"type": "integer", "minimum": 1, "maximum": 9},
        }})
    }

    #[rstest]
    #[case::string(json!({"sql": "x"}))]
    #[case::array(json!({"sql": ["x", "y"], "mode": "append", "n": 9}))]
    #[case::null_is_left_out(json!({"sql": "x", "mode": null}))]
    fn good_arguments_pass(#[case] arguments: Value) {
        assert!(check("t", &schema(), &arguments).is_ok());
    }

    #[rstest]
    #[case::whole(json!({"n": [2.0, -3.0]}), json!({"n": [2, -3]}))]
    #[case::zero(json!(-0.0), json!(0))]
    #[case::fraction(json!(1.5), json!(1.5))]
    #[case::too_large(json!(1e300), json!(1e300))]
    fn whole_numbers_have_one_spelling(#[case] arguments: Value, #[case] expected: Value) {
        assert_eq!(with_whole_numbers(arguments), expected);
    }

    #[rstest]
    #[case::missing(json!({}), "`sql` is missing", "Add `sql`")]
    #[case::unknown(json!({"sql": "x", "mod": "append"}), "no argument \"mod\"", "Did you mean `mode`?")]
    #[case::wrong_type(json!({"sql": 5}), "`sql` must be of type string or array, got the number 5", "Give `sql`")]
    #[case::null(json!({"sql": null}), "got null", "Give `sql`")]
    #[case::element(json!({"sql": ["x", 1]}), "`sql[1]` must be of type string", "Give")]
    #[case::empty(json!({"sql": ""}), "`sql` is empty", "Give")]
    #[case::oversized(json!({"sql": ["x", "y", "z"]}), "3 elements; the limit is 2", "split")]
    #[case::choice(json!({"sql": "x", "mode": "replce"}), "cannot be the string \"replce\"", "Did you mean `replace`?")]
    #[case::range(json!({"sql": "x", "n": 0}), "`n` is 0", "from 1 to 9")]
    #[case::fraction(json!({"sql": "x", "n": 1.5}), "must be of type integer", "Give")]
    #[case::all_at_once(json!({"n": 10}), "`n` is 10", "Add `sql`")]
    fn mistakes_are_told(#[case] arguments: Value, #[case] message: &str, #[case] suggestion: &str) {
        let error = check("t", &schema(), &arguments).expect_err("a mistake");
        assert!(error.message.contains(message), "{error}");
        assert!(error.suggestion.clone().unwrap_or_default().contains(suggestion), "{error:?}");
    }
}
