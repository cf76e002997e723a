//! `$regex`: a text in which a regular expression is found; anchor it with `^` and `$`.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::schema::shape;
use crate::syntax::Node;

/// `$regex`: a text in which a regular expression is found; anchor it with `^` and `$`.
#[derive(Debug)]
pub(super) struct Regex;

impl Matcher for Regex {
    fn name(&self) -> &'static str {
        "$regex"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $regex: '^v[0-9]+$' }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(shape::text())
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        let pattern = argument.and_then(Node::as_text).ok_or_else(|| "it takes a regular expression".to_owned())?;
        regex::Regex::new(pattern).map(|_| ()).map_err(|error| {
            // The lines before the last draw the pattern, which the message shows anyway.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("not a regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
        })
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let pattern = check.argument.and_then(Node::as_text).and_then(|text| regex::Regex::new(text).ok());
        let text = check.actual.and_then(Value::as_str);
        check.require(pattern.zip(text).is_some_and(|(pattern, text)| pattern.is_match(text)), out);
    }
}
