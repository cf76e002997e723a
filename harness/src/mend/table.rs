//! `rows` as a text table: cells that still hold keep their words, and a table in columns stays in columns.

use serde_json::Value;

use super::align::{self, Pair};
use super::{Edit, block, write};
use crate::pattern::same_scalar;
use crate::syntax::Node;
use crate::table::{self, Table};
use crate::vars::Vars;

/// A table as it is written: lines of cells, the first one the columns.
type Lines = Vec<Vec<String>>;

/// What to write for a table that does not hold; `None` where it does, or cannot be read.
pub(super) fn edit(table: &Table, columns: Option<&[String]>, rows: &Value, vars: &Vars) -> Option<Edit> {
    let before = Before::read(table.node(), vars)?;
    let columns = columns.unwrap_or(&before.names);
    let actual = table::rows_of(columns, rows);
    let same = |a: usize, b: usize| before.same(a, &actual[b]);
    let pairs = match (before.names == columns, table.in_any_order()) {
        (false, _) => (0..actual.len()).map(Pair::Add).collect(),
        (true, false) => align::ordered(before.rows.len(), actual.len(), same),
        (true, true) => align::unordered(before.rows.len(), actual.len(), same),
    };
    if before.names == columns && pairs.iter().all(|pair| matches!(pair, Pair::Keep(..))) {
        return None;
    }
    let header = if before.names == columns {
        before.words.first().cloned().unwrap_or_else(|| names(columns))
    } else {
        names(columns)
    };
    let mut lines = vec![(header, before.line(0).filter(|_| before.names == columns))];
    lines.extend(pairs.iter().filter_map(|pair| before.row(*pair, &actual, vars)));
    let (range, indent) = block::lines(&table.span);
    Some(Edit { range, text: block::indented(&before.lay_out(lines), &indent) })
}

/// A table before it is mended.
struct Before {
    names: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// The cells as they are written; nothing where a variable stands for more than a cell.
    words: Lines,
    /// The lines as they are written.
    lines: Vec<String>,
}

impl Before {
    fn read(node: &Node, vars: &Vars) -> Option<Self> {
        let (names, rows) = table::parse_text(&vars.text(node).ok()?).ok()?;
        let lines: Vec<String> =
            node.as_text()?.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        let cells = |line: &String| table::split_cells(line).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let words: Lines = lines.iter().map(cells).collect();
        let alike = words.len() == rows.len() + 1 && words.iter().all(|line| line.len() == names.len());
        Some(Self { names, rows, words: if alike { words } else { Lines::new() }, lines })
    }

    fn same(&self, row: usize, actual: &[Value]) -> bool {
        self.rows[row].iter().zip(actual).all(|(a, b)| same_scalar(a, b))
    }

    fn line(&self, at: usize) -> Option<String> {
        self.lines.get(at).filter(|_| !self.words.is_empty()).map(|line| line.trim_end().to_owned())
    }

    /// The cells of a row, and the line that they stood in.
    fn row(&self, pair: Pair, actual: &[Vec<Value>], vars: &Vars) -> Option<(Vec<String>, Option<String>)> {
        let (before, row) = match pair {
            Pair::Keep(a, b) | Pair::Change(a, b) => (Some(a), &actual[b]),
            Pair::Add(b) => (None, &actual[b]),
            Pair::Drop(_) => return None,
        };
        let cell = |(at, value): (usize, &Value)| {
            let word = before.and_then(|row| self.words.get(row + 1)).map_or("", |words| words[at].as_str());
            let kept = before.is_some_and(|row| same_scalar(&self.rows[row][at], value)) && !word.is_empty();
            if kept { word.to_owned() } else { write::template(&table::write_cell(value), word, vars) }
        };
        Some((row.iter().enumerate().map(cell).collect(), before.and_then(|row| self.line(row + 1))))
    }

    /// In columns if it was in columns before; else each line is as wide as before, a new one as the last.
    fn lay_out(&self, lines: Vec<(Vec<String>, Option<String>)>) -> String {
        let written: Vec<&str> = self.lines.iter().map(|line| line.trim_end()).collect();
        let in_columns = self.words.is_empty() || table::lay_out(&self.words).lines().eq(written);
        if in_columns {
            return table::lay_out(&lines.into_iter().map(|(cells, _)| cells).collect::<Vec<_>>());
        }
        let mut out = String::new();
        let mut last = self.lines[0].clone();
        for (cells, line) in lines {
            last = fitted(&cells, &line.unwrap_or(last));
            out.push_str(&last);
            out.push('\n');
        }
        out
    }
}

/// Cells in the places of those of another line, which widens where they need more.
fn fitted(cells: &[String], line: &str) -> String {
    let places = table::split(line);
    let fit = |(at, cell): (usize, &String)| {
        let place = places.get(at).copied().unwrap_or(" ");
        let before = &place[..place.len() - place.trim_start().len()];
        let behind = if place.ends_with(' ') { " " } else { "" };
        format!("{:width$}", format!("{before}{cell}{behind}"), width = place.chars().count())
    };
    cells.iter().enumerate().map(fit).collect::<Vec<_>>().join("|").trim_end().to_owned()
}

fn names(columns: &[String]) -> Vec<String> {
    columns.iter().map(|name| table::write_name(name)).collect()
}
