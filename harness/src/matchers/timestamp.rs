//! `$timestamp`: a text that is a date and time as RFC 3339 and ISO 8601 write it.

use std::sync::LazyLock;

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$timestamp`: a text that is a date and time as RFC 3339 and ISO 8601 write it.
#[derive(Debug)]
pub(super) struct Timestamp;

impl Matcher for Timestamp {
    fn name(&self) -> &'static str {
        "$timestamp"
    }

    fn example(&self) -> &'static str {
        "write it as `$timestamp`"
    }

    fn argument(&self) -> Option<Value> {
        None
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map_or(Ok(()), |_| Err("it takes no argument".to_owned()))
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(check.actual.and_then(Value::as_str).is_some_and(|text| FORM.is_match(text)), out);
    }
}

static FORM: LazyLock<regex::Regex> = LazyLock::new(|| {
    regex::Regex::new(concat!(
        r"^-?\d{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
        r"[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[-+][0-2]\d(:?[0-5]\d)?)?$"
    ))
    .expect("the pattern is a constant")
});
