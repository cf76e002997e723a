//! `$unordered`: a list whose elements fit the given ones in some order, each exactly once.

use serde_json::{Value, json};

use super::Matcher;
use crate::mend::{Mender, Order};
use crate::pattern::{Check, Mismatch, fits};
use crate::schema::shape;
use crate::syntax::Node;

/// `$unordered`: a list whose elements fit the given ones in some order, each exactly once.
#[derive(Debug)]
pub(super) struct Unordered;

impl Matcher for Unordered {
    fn name(&self) -> &'static str {
        "$unordered"
    }

    fn example(&self) -> &'static str {
        "write it as `{ $unordered: [b, a] }`"
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
        let wanted = check.argument.and_then(Node::as_list).unwrap_or_default();
        let fits = check
            .actual
            .and_then(Value::as_array)
            .is_some_and(|values| wanted.len() == values.len() && pair_all(wanted, values));
        check.require(fits, out);
    }

    fn mend(&self, argument: &Node, actual: &Value, mender: &mut Mender<'_>) -> bool {
        actual.as_array().filter(|values| !values.is_empty()).is_some_and(|values| {
            mender.list(argument, values, Order::Any);
            true
        })
    }
}

/// Whether each expectation can have a value of its own: augmenting paths, so that a greedy choice can be taken back.
pub(crate) fn pair_all(wanted: &[Node], values: &[Value]) -> bool {
    let mut taken: Vec<Option<usize>> = vec![None; values.len()];
    (0..wanted.len()).all(|want| seat(want, wanted, values, &mut taken, &mut vec![false; values.len()]))
}

fn seat(want: usize, wanted: &[Node], values: &[Value], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    (0..values.len()).any(|at| {
        if seen[at] || !fits(&wanted[want], Some(&values[at])) {
            return false;
        }
        seen[at] = true;
        let free = match taken[at] {
            None => true,
            Some(other) => seat(other, wanted, values, taken, seen),
        };
        if free {
            taken[at] = Some(want);
        }
        free
    })
}
