//! `$gt`: greater than a number, or after or before another text of the same form.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Matcher;
use crate::order;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$gt`: greater than a number, or after or before another text of the same form.
#[derive(Debug)]
pub(super) struct Gt;

impl Matcher for Gt {
    fn name(&self) -> &'static str {
        "$gt"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $gt: 3 }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({ "type": ["number", "string"] }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        order::accepts(argument)
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(order::of(check).is_some_and(Ordering::is_gt), out);
    }
}
