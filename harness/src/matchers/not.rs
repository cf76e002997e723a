//! `$not`: there is a value, and it does not fit.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch, fits};
use crate::schema::shape;
use crate::syntax::Node;

/// `$not`: there is a value, and it does not fit.
#[derive(Debug)]
pub(super) struct Not;

impl Matcher for Not {
    fn name(&self) -> &'static str {
        "$not"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $not: { $contains: secret } }`"
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
        let differs = check.argument.is_some_and(|pattern| check.actual.is_some() && !fits(pattern, check.actual));
        check.require(differs, out);
    }
}
