//! `$starts_with`: a text that begins with another.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::schema::shape;
use crate::syntax::Node;

/// `$starts_with`: a text that begins with another.
#[derive(Debug)]
pub(super) struct StartsWith;

impl Matcher for StartsWith {
    fn name(&self) -> &'static str {
        "$starts_with"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $starts_with: text }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::text())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.and_then(Node::as_text).map(|_| ()).ok_or_else(|| "it takes a text".to_owned())
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let part = check.argument.and_then(Node::as_text).unwrap_or_default();
        let fits = check.actual.and_then(Value::as_str).is_some_and(|text| text.starts_with(part));
        check.require(fits, out);
    }
}
