//! `$gte`: greater than or equal to a number, or after or before another text of the same form.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::Matcher;
use crate::order;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$gte`: greater than or equal to a number, or after or before another text of the same form.
#[derive(Debug)]
pub(super) struct Gte;

impl Matcher for Gte {
    fn name(&self) -> &'static str {
        "$gte"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $gte: 3 }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({ "type": ["number", "string"] }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        order::accepts(argument)
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(order::of(check).is_some_and(Ordering::is_ge), out);
    }
}
