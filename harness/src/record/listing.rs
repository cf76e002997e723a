//! Requests that a client makes for itself: the handshake, and listings of what the server offers.

use std::collections::HashMap;

use serde_json::Value;

use super::exchange::{Answered, Exchange};

/// Requests that are no steps and are not missed.
const OVERHEAD: [&str; 5] = ["initialize", "logging/setLevel", "ping", "server/discover", "subscriptions/listen"];

/// Listings: the method, what a step calls it, and where its items stand.
const LISTINGS: [(&str, &str, &str); 4] = [
    ("prompts/list", "prompts", "prompts"),
    ("resources/list", "resources", "resources"),
    ("resources/templates/list", "resource_templates", "resourceTemplates"),
    ("tools/list", "tools", "tools"),
];

/// Whether the request belongs to the client's own housekeeping.
pub(super) fn is_overhead(method: &str) -> bool {
    OVERHEAD.contains(&method)
}

/// What a step calls the list that this method asks for.
pub(super) fn name(method: &str) -> Option<&'static str> {
    LISTINGS.iter().find(|(known, _, _)| *known == method).map(|(_, name, _)| *name)
}

/// The listings of a session that a person would ask for, by the index of their first page, with all their items.
///
/// Those before the first other step are the client's start, and so is the first list of tools, which many clients ask for when
/// they first need a schema. One that lists what was listed before tells nothing new.
#[derive(Debug)]
pub(super) struct Listings(HashMap<usize, Vec<Value>>);

impl Listings {
    pub(super) fn of(exchanges: &[Exchange]) -> Self {
        let mut seen: HashMap<&str, Vec<Value>> = HashMap::new();
        let mut asked = HashMap::new();
        let mut started = false;
        for (index, exchange) in exchanges.iter().enumerate() {
            let method = exchange.method.as_str();
            if name(method).is_none() {
                started |= !is_overhead(method);
                continue;
            }
            let Some(items) = all_pages(exchanges, index) else { continue };
            let kept = started && (method != "tools/list" || seen.contains_key(method));
            if kept && seen.get(method) != Some(&items) {
                asked.insert(index, items.clone());
            }
            seen.insert(method, items);
        }
        Self(asked)
    }

    /// The items of the listing whose first page was asked for there.
    pub(super) fn at(&self, index: usize) -> Option<&[Value]> {
        self.0.get(&index).map(Vec::as_slice)
    }
}

/// The items of a listing from its first page on; `None` for a page that is not the first, and for what was not answered.
fn all_pages(exchanges: &[Exchange], first: usize) -> Option<Vec<Value>> {
    let method = exchanges[first].method.as_str();
    let (_, _, key) = LISTINGS.iter().find(|(known, _, _)| *known == method)?;
    if exchanges[first].params["cursor"].is_string() {
        return None;
    }
    let mut items = Vec::new();
    let mut cursor = Value::Null;
    for exchange in exchanges[first..].iter().filter(|exchange| exchange.method == method) {
        if exchange.params["cursor"] != cursor {
            continue;
        }
        let Some(Answered::Result(page)) = &exchange.answer else { return None };
        items.extend(page[*key].as_array()?.iter().cloned());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    Some(items)
}
