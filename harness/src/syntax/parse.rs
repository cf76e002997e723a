//! YAML events to a [`Node`], refusing what readers of YAML disagree on.

use std::collections::HashSet;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError};

use super::node::{Entry, Key, Kind, Node, Style};
use super::scalar;
use crate::source::{Diagnostic, Source, Span};

/// How deep lists and maps may nest; far above any scenario, far below the stack.
const DEPTH_MAX: usize = 64;

/// Reads one file.
///
/// # Errors
///
/// Everything that is wrong with the file's YAML. A broken indentation or quote ends the reading, so it comes last.
pub fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let node = read(source, &mut problems);
    node.filter(|_| problems.is_empty()).ok_or(problems)
}

/// Reads one file as far as it can be read, so that what is wrong with its meaning can be told as well.
///
/// A value that is refused counts as a text. `None` where there is no tree at all.
pub fn read(source: &Arc<Source>, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut reader = Reader { source, events: Vec::new(), next: 0, problems: tabs(source) };
    for event in Parser::new_from_str(&source.text) {
        match event {
            Ok((Event::Comment(..) | Event::StreamStart | Event::StreamEnd, _)) => {}
            Ok((event, span)) => reader.events.push((event, reader.span(&span))),
            Err(error) => {
                // A tab is what the scanner stumbles over, and the tab's own message says it better.
                if reader.problems.is_empty() {
                    reader.problems.push(broken(source, &error));
                }
                problems.append(&mut reader.problems);
                return None;
            }
        }
    }
    let node = reader.document();
    problems.append(&mut reader.problems);
    node
}

fn tabs(source: &Arc<Source>) -> Vec<Diagnostic> {
    source
        .text
        .match_indices('\t')
        .map(|(at, _)| {
            Diagnostic::new(&Span::new(source, at, at + 1), "a tab stands here", "readers disagree on how wide it is")
                .help("indent with spaces; inside a text write \"\\t\" in double quotes")
        })
        // One tab is seldom alone, and the first says it all.
        .take(1)
        .collect()
}

/// Where a bracket closes a list or map. Without one the end is said to be where the next token stands, behind blanks and
/// comments that are not its own.
fn end_of(closing: &Span) -> Option<usize> {
    (closing.end > closing.start).then_some(closing.end)
}

fn broken(source: &Arc<Source>, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(source.text.len());
    let message = error.info().clone();
    Diagnostic::new(&Span::new(source, at, at + 1), "this is not YAML", message)
        .help("check indentation and quotes just before this place; a text with `: ` or ` #` in it needs quotes")
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    events: Vec<(Event<'a>, Span)>,
    next: usize,
    problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        // Collections and block scalars end where the next token begins; the blank between is not theirs.
        let covered = self.source.text.get(range.clone()).unwrap_or_default();
        Span::new(self.source, range.start, range.start + covered.trim_end().len())
    }

    fn take(&mut self) -> Option<(Event<'a>, Span)> {
        let event = self.events.get(self.next).cloned();
        self.next += 1;
        event
    }

    fn refuse(&mut self, span: &Span, title: &str, label: impl Into<String>, help: &str) {
        self.problems.push(Diagnostic::new(span, title, label).help(help));
    }

    fn document(&mut self) -> Option<Node> {
        let whole = Span::new(self.source, 0, 0);
        let mut root = None;
        while let Some((event, span)) = self.take() {
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    self.refuse(
                        &span,
                        "a second document begins here",
                        "one file holds one feature",
                        "put it into a file of its own",
                    );
                    return root;
                }
                Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, span, 0)),
            }
        }
        if root.is_none() {
            self.refuse(
                &whole,
                "the file is empty",
                "a feature was expected",
                "begin with `feature:` and `scenarios:`",
            );
        }
        root
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Node {
        if depth > DEPTH_MAX {
            self.refuse(&span, "lists and maps nest too deep", "deeper than any scenario needs", "flatten the value");
            // The rest of the file would only repeat this.
            self.next = self.events.len();
            return Node { span, kind: Kind::Null };
        }
        self.refuse_properties(&event, &span);
        match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.list(&span, depth),
            Event::MappingStart(..) => self.map(&span, depth),
            _ => {
                self.refuse(
                    &span,
                    "an alias stands here",
                    "a value must stand where it is used",
                    "write the value out, or use a fragment",
                );
                Node { span, kind: Kind::Null }
            }
        }
    }

    fn refuse_properties(&mut self, event: &Event<'a>, span: &Span) {
        let (anchor, tagged) = match event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor != 0 {
            self.refuse(
                span,
                "an anchor stands here",
                "a value must stand where it is used",
                "write the value out, or use a fragment",
            );
        }
        if tagged {
            self.refuse(span, "a tag stands here", "tags are not part of the language", "drop the `!tag`");
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let kind = match style {
            ScalarStyle::Plain => match scalar::plain(span.text().lines().next().map_or("", |_| text)) {
                Ok(kind) => kind,
                Err(reason) => {
                    self.refuse(
                        &span,
                        "this value can be read in more than one way",
                        reason,
                        "quote it if it is a text; write a JSON literal if not",
                    );
                    Kind::Text(text.to_owned(), Style::Quoted)
                }
            },
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Kind::Text(text.to_owned(), Style::Quoted),
            ScalarStyle::Literal | ScalarStyle::Folded => Kind::Text(text.to_owned(), Style::Block),
        };
        Node { span, kind }
    }

    fn list(&mut self, span: &Span, depth: usize) -> Node {
        let mut items = Vec::new();
        let mut end = span.end;
        while let Some((event, at)) = self.take() {
            if matches!(event, Event::SequenceEnd) {
                end = end_of(&at).map_or(end, |at| end.max(at));
                break;
            }
            let item = self.node(event, at, depth + 1);
            end = end.max(item.span.end);
            items.push(item);
        }
        Node { span: Span::new(self.source, span.start, end), kind: Kind::List(items) }
    }

    fn map(&mut self, span: &Span, depth: usize) -> Node {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        let mut end = span.end;
        while let Some((event, at)) = self.take() {
            if matches!(event, Event::MappingEnd) {
                end = end_of(&at).map_or(end, |at| end.max(at));
                break;
            }
            let key = self.key(event, at, depth);
            let Some((event, at)) = self.take() else { break };
            let value = self.node(event, at, depth + 1);
            end = end.max(value.span.end);
            if seen.insert(key.name.clone()) {
                entries.push(Entry { key, value });
            } else {
                self.refuse(
                    &key.span,
                    &format!("`{}` stands here twice", key.name),
                    "the second one",
                    "a map names each key once; drop or rename one",
                );
            }
        }
        Node { span: Span::new(self.source, span.start, end), kind: Kind::Map(entries) }
    }

    fn key(&mut self, event: Event<'a>, span: Span, depth: usize) -> Key {
        self.refuse_properties(&event, &span);
        let Event::Scalar(text, style, ..) = event else {
            let _ = self.node(event, span.clone(), depth + 1);
            self.refuse(&span, "a key must be a text", "this is a list or a map", "quote the key if it is a text");
            return Key { name: String::new(), span };
        };
        if style == ScalarStyle::Plain
            && let Err(reason) = scalar::plain(&text)
        {
            self.refuse(&span, "this key can be read in more than one way", reason, "quote it");
        }
        Key { name: text.into_owned(), span }
    }
}
