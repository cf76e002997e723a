//! Lists that have more or fewer elements than there are values: elements that fit keep their bytes and their comments.

use std::ops::Range;

use serde_json::Value;

use super::align::{self, Pair};
use super::{Edit, Mend, Mender, Order, write};
use crate::pattern;
use crate::syntax::Node;
use crate::vars::Vars;

/// What to write for `list`; and whether nothing of it can stay, so that it is to be written as a whole.
pub(super) fn mends(list: &Node, values: &[Value], order: Order, vars: &Vars) -> (Vec<Mend>, bool) {
    let items = list.as_list().unwrap_or_default();
    let Ok(resolved) = items.iter().map(|item| vars.resolve(item)).collect::<Result<Vec<_>, _>>() else {
        return (Vec::new(), false);
    };
    let fits = |a: usize, b: usize| pattern::fits(&resolved[a], Some(&values[b]));
    let pairs = match order {
        Order::Given => align::ordered(items.len(), values.len(), fits),
        Order::Any => align::unordered(items.len(), values.len(), fits),
    };
    if pairs.iter().all(|pair| matches!(pair, Pair::Drop(_) | Pair::Add(_))) {
        return (Vec::new(), !pairs.is_empty());
    }
    let mut inner = Mender::new(vars);
    for pair in &pairs {
        if let Pair::Change(a, b) = pair {
            inner.value(&items[*a], Some(&values[*b]));
        }
    }
    let mends = inner.finish();
    if pairs.iter().all(|pair| matches!(pair, Pair::Keep(..) | Pair::Change(..))) {
        return (mends, false);
    }
    let (fine, refused): (Vec<Mend>, Vec<Mend>) = mends.into_iter().partition(|mend| mend.edits.is_ok());
    let mut edits: Vec<Edit> = fine.into_iter().filter_map(|mend| mend.edits.ok()).flatten().collect();
    edits.extend(Layout::of(list).edits(&pairs, |at| write::literal(&values[at], &list.span, vars)));
    let whole = Mend::new(&list.span, edits);
    (refused.into_iter().chain([whole]).collect(), false)
}

/// Where the elements of a list stand in its file.
struct Layout<'a> {
    text: &'a str,
    items: &'a [Node],
    /// Whether it is written in brackets.
    flow: bool,
}

impl<'a> Layout<'a> {
    fn of(list: &'a Node) -> Self {
        let flow = list.span.text().starts_with('[');
        Self { text: &list.span.source.text, items: list.as_list().unwrap_or_default(), flow }
    }

    /// `write` is how the value of that number is written.
    fn edits(&self, pairs: &[Pair], write: impl Fn(usize) -> String) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut last = None;
        for group in
            pairs.chunk_by(|a, b| matches!((a, b), (Pair::Drop(_), Pair::Drop(_)) | (Pair::Add(_), Pair::Add(_))))
        {
            match group {
                [Pair::Keep(a, _) | Pair::Change(a, _)] => last = Some(*a),
                [Pair::Drop(from), ..] => {
                    edits.push(Edit { range: self.run(*from..from + group.len()), text: String::new() });
                    last = Some(from + group.len() - 1);
                }
                _ => {
                    let added = group.iter().filter_map(|pair| match pair {
                        Pair::Add(b) => Some(write(*b)),
                        _ => None,
                    });
                    edits.push(self.insertion(last, &added.collect::<Vec<_>>()));
                }
            }
        }
        edits
    }

    /// The bytes of elements that go, with the separator that goes with them.
    fn run(&self, gone: Range<usize>) -> Range<usize> {
        match (self.items.get(gone.end), self.flow) {
            (Some(next), true) => self.items[gone.start].span.start..next.span.start,
            (Some(_), false) => self.dash(gone.start)..self.dash(gone.end),
            // Not all of them go, so that there is one before.
            (None, true) => self.items[gone.start - 1].span.end..self.items[gone.end - 1].span.end,
            (None, false) => self.line_end(gone.start - 1)..self.line_end(gone.end - 1),
        }
    }

    fn insertion(&self, after: Option<usize>, added: &[String]) -> Edit {
        let each = |before: &str, behind: &str| -> String {
            added.iter().map(|text| [before, text, behind].concat()).collect()
        };
        let (at, text) = match (after, self.flow) {
            (Some(at), true) => (self.items[at].span.end, each(", ", "")),
            (None, true) => (self.items[0].span.start, each("", ", ")),
            (Some(at), false) => (self.line_end(at), each(&format!("\n{}- ", self.indent()), "")),
            (None, false) => (self.dash(0), each("- ", &format!("\n{}", self.indent()))),
        };
        Edit { range: at..at, text }
    }

    /// Where the `-` of an element stands.
    fn dash(&self, at: usize) -> usize {
        let start = self.items[at].span.start;
        self.text[..start].rfind('-').unwrap_or(start)
    }

    /// Where the line ends on which an element ends, so that a comment behind it stays its own.
    fn line_end(&self, at: usize) -> usize {
        let end = self.items[at].span.end;
        self.text[end..].find('\n').map_or(self.text.len(), |length| end + length)
    }

    fn indent(&self) -> String {
        let dash = self.dash(0);
        let line = self.text[..dash].rfind('\n').map_or(0, |at| at + 1);
        " ".repeat(self.text[line..dash].chars().count())
    }
}
