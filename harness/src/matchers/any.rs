//! `$any`: there is a value, whatever it is (null included).

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$any`: there is a value, whatever it is (null included).
#[derive(Debug)]
pub(super) struct Any;

impl Matcher for Any {
    fn name(&self) -> &'static str {
        "$any"
    }

    fn example(&self) -> &'static str {
        "write it as `$any`"
    }

    fn argument(&self) -> Option<Value> {
        None
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map_or(Ok(()), |_| Err("it takes no argument".to_owned()))
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(check.actual.is_some(), out);
    }
}
