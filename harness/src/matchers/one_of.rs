//! `$one_of`: fits one of several expectations.

use serde_json::{Value, json};

use super::Matcher;
use crate::pattern::{Check, Mismatch, fits};
use crate::schema::shape;
use crate::syntax::Node;

/// `$one_of`: fits one of several expectations.
#[derive(Debug)]
pub(super) struct OneOf;

impl Matcher for OneOf {
    fn name(&self) -> &'static str {
        "$one_of"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $one_of: [created, replaced] }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({ "type": "array", "minItems": 1, "items": shape::pattern() }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        match argument.and_then(Node::as_list) {
            Some([]) => Err("an empty list says nothing".to_owned()),
            Some(_) => Ok(()),
            None => Err("it takes a list of expectations".to_owned()),
        }
    }

    fn patterns<'a>(&self, argument: &'a Node) -> Vec<&'a Node> {
        argument.as_list().unwrap_or_default().iter().collect()
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let choices = check.argument.and_then(Node::as_list).unwrap_or_default();
        check.require(choices.iter().any(|choice| fits(choice, check.actual)), out);
    }
}
