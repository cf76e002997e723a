//! Reading maps by hand: each key is taken once, and what nobody took is an error with a suggestion.
//!
//! serde would stop at the first mistake of a file. A [`Decoder`] gathers all of them, each at its place.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::pattern;
use crate::source::{Diagnostic, Span, nearest};
use crate::syntax::{Entry, Key, Kind, Node, Style};

/// Gathers what is wrong while a file is read.
#[derive(Debug, Default)]
pub struct Decoder {
    problems: Vec<Diagnostic>,
    asked: BTreeSet<(&'static str, Vec<&'static str>)>,
}

impl Decoder {
    /// Adds a problem; reading goes on.
    pub fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Adds several problems.
    pub fn report_all(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        self.problems.extend(problems);
    }

    /// Reports the matchers of an expectation that are unknown or cannot take their argument.
    pub fn pattern(&mut self, node: &Node) {
        pattern::lint(node, &mut self.problems);
    }

    /// Everything that was wrong.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        // In the order of the files, as a person mends them.
        self.problems.sort_by(|a, b| (&a.span.source.shown, a.span.start).cmp(&(&b.span.source.shown, b.span.start)));
        // What a file says for all its scenarios is read with each of them.
        self.problems.dedup_by(|a, b| a.title == b.title && a.span.place() == b.span.place());
        self.problems
    }

    /// Every kind of map that was read, with the keys that it can have: what the editors' schema must say, too.
    pub fn asked(&self) -> &BTreeSet<(&'static str, Vec<&'static str>)> {
        &self.asked
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Reports that `node` is not what was wanted.
    pub fn expected(&mut self, node: &Node, what: &str, wanted: &str) {
        self.report(
            Diagnostic::new(&node.span, format!("{what} must be {wanted}"), format!("this is {}", node.describe()))
                .help(format!("write {wanted}")),
        );
    }

    /// The fields of a map.
    pub fn fields<'a>(&mut self, node: &'a Node, what: &'static str) -> Option<Fields<'a>> {
        let Some(entries) = node.as_map() else {
            self.expected(node, what, "a map");
            return None;
        };
        Some(Fields { what, span: node.span.clone(), left: entries.iter().collect(), known: Vec::new() })
    }

    /// A text in any style.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.expected(node, what, "a text");
        }
        text
    }

    /// A text that is not empty.
    pub fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        if text.trim().is_empty() {
            self.expected(node, what, "a text that is not empty");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn bool(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.expected(node, what, "`true` or `false`");
        None
    }

    /// A count.
    pub fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let count = match &node.kind {
            Kind::Number(number) => number.as_u64(),
            _ => None,
        };
        if count.is_none() {
            self.expected(node, what, "a whole number, zero or more");
        }
        count
    }

    /// A duration with its unit: `250ms`, `2s`, `1.5s`, `1min`.
    pub fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let read = node.as_text().and_then(parse_duration);
        if read.is_none() {
            self.expected(node, what, "a duration with its unit, such as `250ms`, `2s` or `1min`");
        }
        read
    }

    /// A list of texts; a single text stands for a list of one.
    pub fn texts(&mut self, node: &Node, what: &str) -> Vec<(String, Span)> {
        match &node.kind {
            Kind::Text(text, _) => vec![(text.clone(), node.span.clone())],
            Kind::List(items) => {
                items.iter().filter_map(|item| Some((self.name(item, what)?, item.span.clone()))).collect()
            }
            _ => {
                self.expected(node, what, "a text or a list of texts");
                Vec::new()
            }
        }
    }

    /// SQL: quoted or as a block, because YAML cuts ` #...` from an unquoted line in silence.
    pub fn sql(&mut self, node: &Node, what: &str) -> Option<()> {
        match &node.kind {
            Kind::Text(text, Style::Plain) if !text.starts_with("$(") => {
                self.report(
                    Diagnostic::new(
                        &node.span,
                        "SQL on one line needs quotes",
                        "YAML would cut a ` #...` from it without a word",
                    )
                    .help("quote it, or write it as a block after `|`"),
                );
                None
            }
            Kind::Text(text, _) if text.trim().is_empty() => {
                self.expected(node, what, "a statement");
                None
            }
            Kind::Text(..) => Some(()),
            _ => {
                self.expected(node, what, "a statement");
                None
            }
        }
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (digits, unit_seconds) = match text {
        _ if text.ends_with("ms") => (text.strip_suffix("ms")?, 0.001),
        _ if text.ends_with("min") => (text.strip_suffix("min")?, 60.0),
        _ => (text.strip_suffix('s')?, 1.0),
    };
    let value: f64 = digits.parse().ok()?;
    (digits.starts_with(|c: char| c.is_ascii_digit()) && value.is_finite())
        .then(|| Duration::try_from_secs_f64(value * unit_seconds).ok())
        .flatten()
}

/// The entries of a map that nobody has taken yet.
#[derive(Debug)]
pub struct Fields<'a> {
    what: &'static str,
    span: Span,
    left: Vec<&'a Entry>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The whole map's place.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Whether a key is left that is one of `names`, or was probably meant to be.
    pub fn has_near(&self, names: &[&'static str]) -> bool {
        self.left.iter().any(|entry| nearest(&entry.key.name, names.iter().copied()).is_some())
    }

    /// Takes the value under `name`, if it is there.
    pub fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.take_entry(name).map(|(_, value)| value)
    }

    /// Takes the value under `name` where the map can have one; elsewhere the key is unknown.
    pub fn take_if(&mut self, can: bool, name: &'static str) -> Option<&'a Node> {
        if can { self.take(name) } else { None }
    }

    /// Takes the key and the value under `name`, if they are there.
    pub fn take_entry(&mut self, name: &'static str) -> Option<(&'a Key, &'a Node)> {
        self.known.push(name);
        let at = self.left.iter().position(|entry| entry.key.name == name)?;
        let entry = self.left.remove(at);
        Some((&entry.key, &entry.value))
    }

    /// Takes the value under `name`; its absence is an error.
    pub fn require(&mut self, name: &'static str, decoder: &mut Decoder) -> Option<&'a Node> {
        let value = self.take(name);
        if value.is_none() {
            let at = Span::new(&self.span.source, self.span.start, self.span.start);
            decoder.report(Diagnostic::new(&at, format!("{} lacks `{name}`", self.what), "belongs in this map").help(
                if at.path().extension().is_some_and(|extension| extension == "toml") {
                    format!("add `{name} = ...`")
                } else {
                    format!("add `{name}:`")
                },
            ));
        }
        value
    }

    /// Ends the reading: what is left is unknown.
    pub fn finish(mut self, decoder: &mut Decoder) {
        for entry in std::mem::take(&mut self.left) {
            let name = &entry.key.name;
            decoder.report(
                Diagnostic::new(&entry.key.span, format!("{} has no key `{name}`", self.what), "unknown key")
                    .help_names(name, self.known.iter().copied()),
            );
        }
        self.known.sort_unstable();
        decoder.asked.insert((self.what, self.known));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::parse_duration;

    #[rstest]
    #[case("250ms", Some(Duration::from_millis(250)))]
    #[case("2s", Some(Duration::from_secs(2)))]
    #[case("1.5s", Some(Duration::from_millis(1500)))]
    #[case("1min", Some(Duration::from_mins(1)))]
    #[case("2", None)]
    #[case("s", None)]
    #[case("-1s", None)]
    #[case("infs", None)]
    #[case("1h", None)]
    fn durations_have_a_unit(#[case] text: &str, #[case] duration: Option<Duration>) {
        assert_eq!(parse_duration(text), duration);
    }
}
