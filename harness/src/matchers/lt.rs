//! `$lt`: less than a number, or after or before another text of the same form.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Matcher;
use crate::order;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$lt`: less than a number, or after or before another text of the same form.
#[derive(Debug)]
pub(super) struct Lt;

impl Matcher for Lt {
    fn name(&self) -> &'static str {
        "$lt"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $lt: 3 }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({ "type": ["number", "string"] }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        order::accepts(argument)
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(order::of(check).is_some_and(Ordering::is_lt), out);
    }
}
