//! Texts that are written as a block: they keep their indentation.

use std::ops::Range;

use super::Edit;
use crate::source::Span;
use crate::syntax::{self, Node};

/// Where the first line of a block begins, behind its indentation, and how wide that is.
fn first_line(span: &Span) -> (usize, usize) {
    let text = &span.source.text;
    let first = span.start + (span.text().len() - span.text().trim_start().len());
    let line = text[..first].rfind('\n').map_or(0, |at| at + 1);
    (first, first - line)
}

/// The bytes of a block's lines, and their indentation.
pub(super) fn lines(span: &Span) -> (Range<usize>, String) {
    let (first, indent) = first_line(span);
    (first..span.end.max(first), " ".repeat(indent))
}

/// Lines at the indentation of a block; an empty one has none.
pub(super) fn indented(text: &str, indent: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") }).collect();
    lines.join("\n").trim_start().to_owned()
}

/// Where the `|` or `>` of a block stands, and what is written there.
fn header(span: &Span) -> (usize, &str) {
    let text = &span.source.text;
    let line_end = text[..first_line(span).0].trim_end().len();
    let line = text[..line_end].rfind('\n').map_or(0, |at| at + 1);
    let at = text[line..line_end].rfind(['|', '>']).map_or(line_end, |at| line + at);
    (at, text[at..line_end].trim())
}

/// The bytes of a block with its header: what is replaced where the new value is no block.
pub(super) fn whole(span: &Span) -> Range<usize> {
    header(span).0..span.end
}

/// Another text in the place of a block: again a block where it can be one, else in quotes.
pub(super) fn edit(node: &Node, text: &str) -> Edit {
    let empty = node.span.text().trim().is_empty();
    let fits = match header(&node.span).1 {
        _ if empty => false,
        "|" => syntax::fits_block(text),
        "|-" => !text.ends_with('\n') && syntax::fits_block(&format!("{text}\n")),
        _ => false,
    };
    if !fits {
        return Edit { range: whole(&node.span), text: syntax::in_quotes(text) };
    }
    let (range, indent) = lines(&node.span);
    Edit { range, text: indented(text, &indent) }
}
