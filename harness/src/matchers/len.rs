//! `$len`: the length of a list (elements), an object (members) or a text (characters).

use serde_json::Value;

use super::Matcher;
use crate::mend::Mender;
use crate::pattern::{Check, Mismatch, fits};
use crate::schema::shape;
use crate::syntax::Node;

/// `$len`: the length of a list (elements), an object (members) or a text (characters).
#[derive(Debug)]
pub(super) struct Len;

impl Matcher for Len {
    fn name(&self) -> &'static str {
        "$len"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $len: 2 }` or `{ $len: { $gt: 0 } }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::pattern())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map(|_| ()).ok_or_else(|| "it takes a number or a matcher".to_owned())
    }

    fn patterns<'a>(&self, argument: &'a Node) -> Vec<&'a Node> {
        vec![argument]
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let length = check.actual.and_then(length);
        let fits =
            check.argument.zip(length).is_some_and(|(pattern, length)| fits(pattern, Some(&Value::from(length))));
        check.require(fits, out);
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        length(actual).is_some_and(|length| {
            mender.value(argument, Some(&Value::from(length)));
            true
        })
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(values) => Some(values.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}
