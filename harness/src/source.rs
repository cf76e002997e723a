//! Files as the suite read them, and the places in them that messages point at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// One file's text under the path that messages show.
#[derive(Debug)]
pub struct Source {
    /// The path as messages show it: relative to the folder that holds `scenarios/`, with forward slashes.
    pub shown: String,
    /// The path on disk.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Line and column, both counted from 1, of a byte offset. Columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes of one [`Source`].
#[derive(Debug, Clone)]
pub struct Span {
    /// The file.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span of `source`; an end before the start is moved up to it.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self { source: Arc::clone(source), start, end: end.max(start) }
    }

    /// A span for what stands in no file.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let source = Source { shown: String::new(), path: PathBuf::new(), text: String::new() };
        Self::new(&Arc::new(source), 0, 0)
    }

    /// `path:line:column`, the form that editors and terminals turn into a link.
    pub fn place(&self) -> String {
        let (line, column) = self.source.line_column(self.start);
        format!("{}:{line}:{column}", self.source.shown)
    }

    /// The text that the span covers.
    pub fn text(&self) -> &str {
        self.source.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The file's path on disk.
    pub fn path(&self) -> &Path {
        &self.source.path
    }
}

/// One thing that is wrong in a file: what, where, and what to write instead.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Where the label points.
    pub span: Span,
    /// One line that says what is wrong.
    pub title: String,
    /// What stands under the marked text.
    pub label: String,
    /// What to write instead, if that can be said.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help.
    pub fn new(span: &Span, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self { span: span.clone(), title: title.into(), label: label.into(), help: None }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" where one of `known` is near to `given`, else the list of what is known.
    #[must_use]
    pub fn help_names<'a>(self, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(given, known.iter().copied()) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("known here: {}", known.join(", "))),
        }
    }

    /// The message as a terminal shows it, with the source line and a marker.
    pub fn render(&self, color: bool) -> String {
        render_at(Level::ERROR, &self.title, &self.span, &self.label, self.help.as_deref(), color)
    }
}

/// Draws a title, the source line of `span` with a label under it, and an optional help line.
pub fn render_at(level: Level<'_>, title: &str, span: &Span, label: &str, help: Option<&str>, color: bool) -> String {
    let text = &span.source.text;
    // A marker needs a character to stand under, also at the very end of a file.
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
    // Only the first line is marked: a block of thirty lines underlined hides what the label says.
    let end = text[start..end].find('\n').map_or(end, |at| start + at);
    let snippet = Snippet::source(text.as_str())
        .path(span.source.shown.as_str())
        .annotation(AnnotationKind::Primary.span(start..end).label(label));
    let mut groups = vec![level.primary_title(title).element(snippet)];
    if let Some(help) = help {
        groups.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups)
}

/// Jaro-Winkler sees no likeness between short names with two letters swapped, such as `dri` and `dir`.
fn similarity(given: &str, name: &str) -> f64 {
    const ONE_SLIP: f64 = 0.85;
    let slip = if strsim::osa_distance(given, name) == 1 { ONE_SLIP } else { 0.0 };
    strsim::jaro_winkler(given, name).max(slip)
}

/// The name among `known` that is most likely meant by `given`, if any is near enough.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this Jaro-Winkler similarity a suggestion confuses more than it helps.
    const SIMILARITY_MIN: f64 = 0.8;
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (similarity(&given, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
