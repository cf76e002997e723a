//! What is another value each time: left out, or a matcher in its place.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use regex::Regex;
use serde_json::Value;

use super::Tape;
use super::node;
use crate::pattern;
use crate::syntax::Node;

/// A moment of the session may be told in any time zone.
const ZONES_MAX: TimeDelta = TimeDelta::hours(15);

/// A quarter of an hour.
const QUARTER_SECONDS: i64 = 900;

/// `12:30:00`
const CLOCK_CHARS: usize = 8;

static MOMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}").expect("the pattern is a constant"));
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").expect("the pattern is a constant")
});

/// What becomes of a member by its name.
pub(super) enum Fate {
    /// It says how long something took or which process did it, which nobody wants to know of a scenario.
    LeftOut,
    /// This stands for it.
    Matcher(Node),
}

/// Tells values that the server makes up anew from those that it was given.
pub(super) struct Volatile<'a> {
    given: &'a str,
    client: Option<&'a str>,
    foreign: &'a BTreeSet<String>,
    from: NaiveDateTime,
    to: NaiveDateTime,
}

impl<'a> Volatile<'a> {
    pub(super) fn of(tape: &'a Tape) -> Self {
        let utc = |time: SystemTime| DateTime::<Utc>::from(time).naive_utc();
        Self {
            given: &tape.given,
            client: tape.client.as_deref(),
            foreign: &tape.foreign,
            from: utc(tape.began) - ZONES_MAX,
            to: utc(SystemTime::now()) + ZONES_MAX,
        }
    }

    /// Whether the text is a path on this machine that no request names.
    pub(super) fn is_elsewhere(&self, text: &str) -> bool {
        self.foreign.contains(text)
    }

    /// The matcher for a text that is another one each time; `None` for one that stays.
    pub(super) fn made_up(&self, text: &str) -> Option<Node> {
        if self.client == Some(text) {
            return Some(node::of_type("string"));
        }
        let made_up = |found: &str| !self.given.contains(found);
        if made_up(text) && self.is_today(text) {
            return Some(node::matcher("$regex", node::text(r"^\d{4}-\d{2}-\d{2}$")));
        }
        if made_up(text) && self.is_time_of_day(text) {
            return Some(node::matcher("$regex", node::text(r"^\d{2}:\d{2}:\d{2}")));
        }
        let moment = MOMENT.find(text).filter(|found| made_up(found.as_str()) && self.is_now(found.as_str()));
        let uuid = UUID.find(text).filter(|found| made_up(found.as_str()));
        if moment.is_none() && uuid.is_none() {
            return None;
        }
        let whole = ["$timestamp", "$uuid"]
            .map(node::word)
            .into_iter()
            .find(|word| pattern::fits(word, Some(&Value::from(text))));
        Some(whole.unwrap_or_else(|| node::of_type("string")))
    }

    fn is_today(&self, text: &str) -> bool {
        let read = NaiveDate::parse_from_str(text, "%Y-%m-%d");
        read.is_ok_and(|day| self.from.date() <= day && day <= self.to.date())
    }

    /// Whether a clock could have said so during the session; zones differ by quarters of an hour.
    fn is_time_of_day(&self, text: &str) -> bool {
        if !text.contains('.') {
            return false;
        }
        let clock = text.get(..CLOCK_CHARS).unwrap_or_default();
        let Ok(time) = NaiveTime::parse_from_str(clock, "%H:%M:%S") else { return false };
        let in_quarter = |time: NaiveTime| i64::from(time.num_seconds_from_midnight()) % QUARTER_SECONDS;
        let since = in_quarter(time) - in_quarter((self.from + ZONES_MAX).time());
        since.rem_euclid(QUARTER_SECONDS) <= (self.to - self.from - ZONES_MAX - ZONES_MAX).num_seconds()
    }

    fn is_now(&self, moment: &str) -> bool {
        let read = NaiveDateTime::parse_from_str(&moment.replace('T', " "), "%Y-%m-%d %H:%M:%S");
        read.is_ok_and(|moment| self.from < moment && moment < self.to)
    }
}

/// What becomes of a member whose name says that its value is another one each time.
pub(super) fn by_name(name: &str, value: &Value) -> Option<Fate> {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let last = words.last().map_or("", String::as_str);
    match value {
        // Whether there is a process of the server's own to name depends on how the server is started.
        Value::Number(_)
            if has(&["duration", "elapsed", "latency", "pid", "took", "uptime"])
                || matches!(last, "ms" | "us" | "ns" | "millis") =>
        {
            Some(Fate::LeftOut)
        }
        // What a file takes depends on who wrote it and when; a bound is no such number.
        Value::Number(number)
            if has(&["bytes", "size"])
                && !has(&["limit", "max", "min"])
                && number.as_u64().is_some_and(|size| size > 0) =>
        {
            Some(Fate::Matcher(node::matcher("$gt", node::count(0))))
        }
        Value::Number(number) if has(&["flight", "pending", "port", "queued"]) => {
            let whole = number.is_i64() || number.is_u64();
            Some(Fate::Matcher(node::of_type(if whole { "integer" } else { "number" })))
        }
        Value::String(_) if has(&["endpoint", "port", "version"]) => Some(Fate::Matcher(node::of_type("string"))),
        _ => None,
    }
}

/// Whether the member is prose for people, which changes with each release.
pub(super) fn is_prose(name: &str) -> bool {
    matches!(name, "hint" | "message" | "suggestion" | "warning" | "warnings")
}

/// The words of `snake_case` and `camelCase`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}
