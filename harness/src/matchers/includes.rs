//! `$includes`: a list, some element of which fits.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch, fits};
use crate::schema::shape;
use crate::syntax::Node;

/// `$includes`: a list, some element of which fits.
#[derive(Debug)]
pub(super) struct Includes;

impl Matcher for Includes {
    fn name(&self) -> &'static str {
        "$includes"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $includes: { name: people } }`"
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
        let found = check.argument.is_some_and(|pattern| {
            check
                .actual
                .and_then(Value::as_array)
                .is_some_and(|values| values.iter().any(|value| fits(pattern, Some(value))))
        });
        check.require(found, out);
    }
}
