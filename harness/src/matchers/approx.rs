//! `$approx`: a number near to another.

use serde_json::{Value, json};

use super::Matcher;
use crate::mend::Mender;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// `$approx`: a number near to another.
#[derive(Debug)]
pub(super) struct Approx;

impl Matcher for Approx {
    fn name(&self) -> &'static str {
        "$approx"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $approx: { value: 3.14, within: 0.01 } }`"
    }

    fn argument(&self) -> Option<Value> {
        Some(json!({
            "type": "object",
            "required": ["value", "within"],
            "properties": { "value": { "type": "number" }, "within": { "type": "number", "minimum": 0 } },
            "additionalProperties": false,
        }))
    }

    fn accepts(&self, argument: Option<&Node>) -> Result<(), String> {
        let argument = argument.ok_or_else(|| "it takes a map".to_owned())?;
        let keys: Vec<&str> =
            argument.as_map().unwrap_or_default().iter().map(|entry| entry.key.name.as_str()).collect();
        match (number(argument, "value"), number(argument, "within"), keys.len()) {
            (Some(_), Some(within), 2) if within >= 0.0 => Ok(()),
            _ => Err("it takes a map of `value` and `within`, both numbers, `within` not negative".to_owned()),
        }
    }

    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>) {
        let near = check.argument.and_then(|argument| {
            let distance = check.actual?.as_f64()? - number(argument, "value")?;
            Some(distance.abs() <= number(argument, "within")?)
        });
        check.require(near == Some(true), out);
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        argument.get("value").filter(|_| actual.is_number()).is_some_and(|value| {
            mender.value(value, Some(actual));
            true
        })
    }
}

fn number(argument: &Node, name: &str) -> Option<f64> {
    argument.get(name).map(Node::to_json).as_ref().and_then(Value::as_f64)
}
