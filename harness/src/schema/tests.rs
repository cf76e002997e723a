use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Names, generate};
use crate::decode::Decoder;
use crate::matchers;
use crate::scenario::{File, Fragment};
use crate::source::Source;
use crate::steps;
use crate::syntax;

/// A value that the schema of a verb's value accepts.
fn sample(value: &Value) -> String {
    if let Some(words) = value["enum"].as_array() {
        return words[0].to_string();
    }
    if value["allOf"][0]["$ref"] == "#/$defs/steps" {
        return "[{ remove: a }, { remove: b }]".to_owned();
    }
    "\"x\"".to_owned()
}

/// Everything that decoding asks for: each kind of map, with the keys that it can have.
fn asked() -> BTreeSet<(&'static str, Vec<&'static str>)> {
    let mut decoder = Decoder::default();
    let mut steps: Vec<String> =
        steps::ALL.map(|verb| format!("{{ {}: {} }}", verb.name(), sample(&verb.shape().value))).into();
    steps.push("{ query: \"x\", error: { code: x }, eventually: { within: 1s } }".to_owned());
    steps.push("{ query: \"x\", protocol_error: { code: x } }".to_owned());
    let steps = steps.join(", ");
    let file = format!("{{ feature: x, server: {{}}, scenarios: [{{ scenario: x, steps: [{steps}] }}] }}");
    for (text, is_file) in [(file, true), ("{ fragment: x, steps: [] }".to_owned(), false)] {
        let source = Arc::new(Source { shown: "t.yaml".to_owned(), path: "t.yaml".into(), text });
        let node = syntax::parse(&source).expect("the text is valid");
        if is_file {
            File::decode(&node, &BTreeMap::default(), &mut decoder);
        } else {
            Fragment::decode(&node, &mut decoder);
        }
    }
    decoder.asked().clone()
}

fn keys(schema: &Value) -> Vec<String> {
    let mut keys: Vec<String> = schema["properties"].as_object().expect("an object's schema").keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn the_schema_has_the_keys_that_decoding_asks_for_and_no_other() {
    let schema = generate(&Names::default());
    let defined = |name: &str| keys(&schema["$defs"][name]);
    let branches = schema["$defs"]["step"]["allOf"].as_array().expect("a branch a verb");
    for (what, asked) in asked() {
        let said = match what {
            "a scenario file" => defined("file"),
            "a scenario" => defined("scenario"),
            "a fragment file" => defined("fragment"),
            "`server`" => defined("server"),
            "`eventually`" => defined("eventually"),
            "error" => defined("error"),
            "protocol_error" => defined("protocol_error"),
            "this step" => {
                let verb = asked[..].iter().find_map(|key| {
                    branches
                        .iter()
                        .find(|branch| branch["if"]["required"] == json!([key]))
                        .map(|branch| &branch["then"])
                });
                keys(verb.expect("each verb has a branch"))
            }
            other => panic!("the schema says nothing of {other}: add it to harness/src/schema/parts.rs"),
        };
        let mut asked = asked.clone();
        asked.dedup();
        assert_eq!(said, asked, "{what}: left is the schema, right is what decoding asks for");
    }
}

#[test]
fn a_matcher_accepts_what_its_schema_accepts() {
    let samples = [
        "null",
        "true",
        "3",
        "2.5",
        "-1",
        "text",
        "\"\"",
        "[]",
        "[1, a]",
        "{}",
        "{ value: 1, within: 0.5 }",
        "{ value: 1, within: -1 }",
        "{ a: 1 }",
        "integer",
        "\"null\"",
    ];
    let mut compared = 0;
    for matcher in matchers::ALL {
        let mut schema = generate(&Names::default());
        schema["if"] = json!(true);
        schema["then"] = json!({ "$ref": "#/$defs/pattern" });

        let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
        for sample in samples {
            let source = Source { shown: "t".to_owned(), path: "t".into(), text: sample.to_owned() };
            let node = syntax::parse(&Arc::new(source)).expect("the sample is valid");
            let says = validator.is_valid(&json!({ matcher.name(): node.to_json() }));
            let accepts = matcher.argument().is_some() && matcher.accepts(Some(&node)).is_ok();
            assert_eq!(says, accepts, "{} {sample}: left is the schema, right is the matcher", matcher.name());
            compared += 1;
        }
    }
    assert_eq!(compared, matchers::ALL.len() * samples.len());
}
