//! `$absent`: there is no such member.

use serde_json::Value;

use super::Matcher;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$absent`: there is no such member.
#[derive(Debug)]
pub(super) struct Absent;

impl Matcher for Absent {
    fn name(&self) -> &'static str {
        "$absent"
    }

    fn example(&self) -> &'static str {
        "write it as `$absent`"
    }

    fn argument(&self) -> Option<Value> {
        None
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        argument.map_or(Ok(()), |_| Err("it takes no argument".to_owned()))
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        check.require(check.actual.is_none(), out);
    }
}
