//! `$uuid`: a text that is a UUID in its hyphened form.

use std::sync::LazyLock;

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$uuid`: a text that is a UUID in its hyphened form.
#[derive(Debug)]
pub(super) struct Uuid;

impl Matcher for Uuid {
    fn name(&self) -> &'static str {
        "$uuid"
    }

    fn example(&self) -> &'static str {
        "write it as `$uuid`"
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
    regex::Regex::new(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$").expect("the pattern is a constant")
});
