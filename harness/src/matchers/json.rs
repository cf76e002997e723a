//! `$json`: a text that is JSON, whose value fits.

use serde_json::Value;

use super::Matcher;
use crate::mend::Mender;
use crate::pattern::{Check, Mismatch, compare};
use crate::schema::shape;
use crate::syntax::Node;

/// `$json`: a text that is JSON, whose value fits.
#[derive(Debug)]
pub(super) struct Json;

impl Matcher for Json {
    fn name(&self) -> &'static str {
        "$json"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $json: { id: 1 } }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::pattern())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map(|_| ()).ok_or_else(|| "it takes an expectation".to_owned())
    }

    fn patterns<'a>(&self, argument: &'a Node) -> Vec<&'a Node> {
        vec![argument]
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let parsed = check.actual.and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
        match (check.argument, parsed) {
            (Some(pattern), Some(value)) => compare(pattern, Some(&value), check.at, out),
            _ => check.fail(out),
        }
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        let parsed = actual.as_str().and_then(|text| serde_json::from_str(text).ok());
        parsed.is_some_and(|value: Value| {
            mender.value(argument, Some(&value));
            true
        })
    }
}
