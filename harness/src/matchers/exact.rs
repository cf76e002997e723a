//! `$exact`: the value and nothing more: objects match by all their members, and `$` has no meaning inside.

use serde_json::Value;

use super::Matcher;
use crate::mend::Mender;
use crate::pattern::{Check, Mismatch, same};
use crate::schema::shape;
use crate::syntax::Node;

/// `$exact`: the value and nothing more: objects match by all their members, and `$` has no meaning inside.
#[derive(Debug)]
pub(super) struct Exact;

impl Matcher for Exact {
    fn name(&self) -> &'static str {
        "$exact"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $exact: { id: 1 } }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::any())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map(|_| ()).ok_or_else(|| "it takes a value".to_owned())
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let fits = match (check.argument, check.actual) {
            (Some(argument), Some(actual)) => same(&argument.to_json(), actual),
            _ => false,
        };
        check.require(fits, out);
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        mender.exact(argument, actual);
        true
    }
}
