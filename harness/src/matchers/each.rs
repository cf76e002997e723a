//! `$each`: a list, all of whose elements fit (an empty list does not: it would prove nothing).

use serde_json::Value;

use super::Matcher;
use crate::mend::Mender;
use crate::pattern::{Check, Mismatch, compare};
use crate::schema::shape;
use crate::syntax::Node;

/// `$each`: a list, all of whose elements fit (an empty list does not: it would prove nothing).
#[derive(Debug)]
pub(super) struct Each;

impl Matcher for Each {
    fn name(&self) -> &'static str {
        "$each"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $each: { id: { $type: integer } } }`"
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
        match (check.argument, check.actual.and_then(Value::as_array)) {
            (Some(pattern), Some(values)) if !values.is_empty() => {
                for (index, value) in values.iter().enumerate() {
                    compare(pattern, Some(value), &check.at.index(index), out);
                }
            }
            _ => check.fail(out),
        }
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        actual.as_array().is_some_and(|values| mender.each(argument, values))
    }
}
