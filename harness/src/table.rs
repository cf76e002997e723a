//! `rows`: a text table, or a list of maps, and how a query's answer is held against it.

use serde_json::{Map, Value};

use crate::decode::Decoder;
use crate::matchers;
use crate::pattern::{self, Mismatch, Path};
use crate::source::{Diagnostic, Span};
use crate::syntax::{Kind, Node, Style};
use crate::vars::Vars;

/// The rows that a query must return.
#[derive(Debug)]
pub struct Table {
    /// Where the rows are written.
    pub span: Span,
    node: Node,
    in_any_order: bool,
    several: bool,
}

impl Table {
    /// Reads `rows`, refusing a table that cannot be held against anything.
    pub fn decode(node: &Node, in_any_order: bool, decoder: &mut Decoder) -> Option<Self> {
        let rows = match &node.kind {
            Kind::Text(text, Style::Block) => match parse_text(text) {
                Ok((_, rows)) => rows.len(),
                Err(reason) => {
                    decoder.report(Diagnostic::new(&node.span, "this table cannot be read", reason).help(
                        "first line the columns, then a line a row, cells between `|`; a cell is a JSON literal or plain words",
                    ));
                    return None;
                }
            },
            Kind::List(items) => {
                for item in items {
                    decoder.pattern(item);
                }
                for item in items.iter().filter(|item| item.as_map().is_none()) {
                    decoder.expected(item, "a row", "a map of columns to values");
                }
                items.len()
            }
            // How many there are is known when the step runs.
            Kind::Text(text, Style::Plain) if text.starts_with("$(") => usize::MAX,
            // `rows: $any`, `rows: { $len: 3 }`
            _ if is_matcher(node) => {
                decoder.pattern(node);
                0
            }
            _ => {
                decoder.expected(node, "`rows`", "a text table after `|`, a list of maps, or a matcher");
                return None;
            }
        };
        Some(Self { span: node.span.clone(), node: node.clone(), in_any_order, several: rows > 1 })
    }

    /// The rows as they are written.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Whether the rows may come in any order.
    pub(crate) fn in_any_order(&self) -> bool {
        self.in_any_order
    }

    /// Whether the rows are a text table. A bare matcher is a text, too, and a variable stands for a list.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node.kind, Kind::Text(_, Style::Block))
    }

    /// One row has no order, and rows in any order need none.
    pub fn needs_order(&self) -> bool {
        self.several && !self.in_any_order
    }

    /// The rows as a list of maps, or the matcher that stands for them.
    ///
    /// # Errors
    ///
    /// A variable without a value.
    pub(crate) fn expected(&self, vars: &Vars) -> Result<Node, Diagnostic> {
        if !self.is_text() {
            return vars.resolve(&self.node);
        }
        let (names, wanted) = self.cells(vars)?;
        let object = |row: Vec<Value>| names.iter().cloned().zip(row).collect::<Map<_, _>>();
        Ok(Node::from_json(&wanted.into_iter().map(object).collect(), &self.span))
    }

    /// Holds `columns` and `rows` against the table; `None` where no column is known, so that none can differ. `at` is what
    /// the rows are called where they come from.
    ///
    /// # Errors
    ///
    /// A variable without a value.
    pub fn compare(
        &self,
        columns: Option<&[String]>,
        (at, rows): (&str, &Value),
        vars: &Vars,
        out: &mut Vec<Mismatch>,
    ) -> Result<(), Diagnostic> {
        if !self.is_text() {
            self.compare_list(&vars.resolve(&self.node)?, (at, rows), out);
            return Ok(());
        }
        let (names, wanted) = self.cells(vars)?;
        let columns = columns.unwrap_or(&names);
        let actual = rows_of(columns, rows);
        let mut same = names == columns && wanted.len() == actual.len();
        let mut wrong = None;
        if same && self.in_any_order {
            let nodes: Vec<Node> =
                wanted.iter().map(|row| Node::from_json(&Value::from(row.clone()), &self.span)).collect();
            let values: Vec<Value> = actual.iter().map(|row| Value::from(row.clone())).collect();
            same = matchers::pair_all(&nodes, &values);
        } else if same {
            let differs =
                |(a, b): (&Vec<Value>, &Vec<Value>)| a.iter().zip(b).any(|(a, b)| !pattern::same_scalar(a, b));
            wrong = wanted.iter().zip(&actual).position(differs);
            same = wrong.is_none();
        }
        if !same {
            let (expected, actual) = write_both((&names, &wanted), (columns, &actual));
            out.push(Mismatch {
                path: "rows".to_owned(),
                expected,
                actual,
                hint: None,
                span: wrong.map_or_else(|| self.span.clone(), |row| self.line_of(row)),
            });
        }
        Ok(())
    }

    fn cells(&self, vars: &Vars) -> Result<Cells, Diagnostic> {
        let text = vars.text(&self.node)?;
        parse_text(&text).map_err(|reason| Diagnostic::new(&self.span, "this table cannot be read", reason))
    }

    /// The line of a row; the whole table where it cannot be told.
    fn line_of(&self, row: usize) -> Span {
        let (mut from, mut rows) = (self.span.start, 0);
        for line in self.span.text().split_inclusive('\n') {
            let start = from + line.len() - line.trim_start().len();
            let text = line.trim();
            from += line.len();
            if text.is_empty() {
                continue;
            }
            // The first line names the columns.
            if rows == row + 1 {
                return Span::new(&self.span.source, start, start + text.len());
            }
            rows += 1;
        }
        self.span.clone()
    }

    fn compare_list(&self, expected: &Node, (at, rows): (&str, &Value), out: &mut Vec<Mismatch>) {
        let path = Path::default().key(at);
        match expected.as_list() {
            Some(items) if self.in_any_order => {
                let values = rows.as_array().cloned().unwrap_or_default();
                if items.len() != values.len() || !matchers::pair_all(items, &values) {
                    out.push(Mismatch {
                        path: path.to_string(),
                        expected: format!("in any order {}", pattern::brief(&expected.to_json())),
                        actual: pattern::brief(rows),
                        hint: None,
                        span: self.span.clone(),
                    });
                }
            }
            _ => pattern::compare(expected, Some(rows), &path, out),
        }
    }
}

fn is_matcher(node: &Node) -> bool {
    match &node.kind {
        Kind::Text(text, Style::Plain) => text.starts_with('$'),
        Kind::Map(entries) => matches!(entries.as_slice(), [entry] if entry.key.name.starts_with('$')),
        _ => false,
    }
}

/// The rows as lists in the order of the columns.
pub(crate) fn rows_of(columns: &[String], rows: &Value) -> Vec<Vec<Value>> {
    let empty = Map::new();
    rows.as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            let row = row.as_object().unwrap_or(&empty);
            columns.iter().map(|name| row.get(name).cloned().unwrap_or(Value::Null)).collect()
        })
        .collect()
}

type Cells = (Vec<String>, Vec<Vec<Value>>);

/// Reads a text table.
pub(crate) fn parse_text(text: &str) -> Result<Cells, String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next().ok_or("the table is empty; its first line names the columns")?;
    let names: Vec<String> =
        split_cells(header).into_iter().map(|cell| unquote(cell).unwrap_or(cell.to_owned())).collect();
    if let Some(at) = names.iter().position(String::is_empty) {
        return Err(format!("column {} has no name", at + 1));
    }
    let mut rows = Vec::new();
    for (index, line) in lines.enumerate() {
        let cells: Vec<Value> = split_cells(line).into_iter().map(parse_cell).collect::<Result<_, _>>()?;
        if cells.len() != names.len() {
            return Err(format!("row {} has {} cells, the header has {}", index + 1, cells.len(), names.len()));
        }
        rows.push(cells);
    }
    Ok((names, rows))
}

/// The cells of a line.
pub(crate) fn split_cells(line: &str) -> Vec<&str> {
    split(line).into_iter().map(str::trim).collect()
}

/// Splits at `|` outside of double quotes; what is around a cell stays.
pub(crate) fn split(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut from, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '|' if !quoted => {
                cells.push(&line[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    cells.push(&line[from..]);
    cells
}

fn unquote(cell: &str) -> Option<String> {
    cell.starts_with('"').then(|| serde_json::from_str(cell).ok()).flatten()
}

fn parse_cell(cell: &str) -> Result<Value, String> {
    if cell.starts_with('"') {
        return serde_json::from_str(cell).map_err(|error| format!("the cell {cell} is not a JSON text: {error}"));
    }
    if cell.is_empty() {
        return Err("a cell is empty; write \"\" for an empty text and null for NULL".to_owned());
    }
    Ok(serde_json::from_str(cell).unwrap_or_else(|_| Value::from(cell)))
}

/// A cell as a table writes it.
pub(crate) fn write_cell(value: &Value) -> String {
    match value {
        Value::String(text)
            if parse_cell(text).as_ref() == Ok(value)
                && !text.contains(|c: char| c == '|' || c.is_control())
                && text.trim() == text =>
        {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// A column's name as a table's first line writes it.
pub(crate) fn write_name(name: &str) -> String {
    let plain = split_cells(name) == [name] && !name.is_empty() && !name.starts_with('"') && !name.contains('\n');
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

/// Writes a table as a scenario would, columns aligned.
pub(crate) fn write_text(columns: &[String], rows: &[Vec<Value>]) -> String {
    lay_out(&written(columns, rows))
}

/// Two tables with columns of the same widths, so that no line differs by its blanks alone.
fn write_both(one: (&[String], &[Vec<Value>]), other: (&[String], &[Vec<Value>])) -> (String, String) {
    let mut lines = written(one.0, one.1);
    let split = lines.len();
    lines.extend(written(other.0, other.1));
    let text = lay_out(&lines);
    let at = text.split_inclusive('\n').take(split).map(str::len).sum();
    (text[..at].to_owned(), text[at..].to_owned())
}

fn written(columns: &[String], rows: &[Vec<Value>]) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|name| write_name(name)).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(write_cell).collect()));
    lines
}

/// Lines of cells as a table whose columns are aligned.
pub(crate) fn lay_out(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join(" | ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{parse_text, write_text};

    #[rstest]
    #[case("id | name\n1 | Ada\n", vec![vec![json!(1), json!("Ada")]])]
    #[case("a\nnull\n\"null\"\n\"\"\n", vec![vec![Value::Null], vec![json!("null")], vec![json!("")]])]
    #[case("a|b\n1.50|\"x | y\"\n", vec![vec![json!(1.50), json!("x | y")]])]
    #[case("a\n", vec![])]
    #[case("a\n007\n", vec![vec![json!("007")]])]
    fn tables_read_and_write_back(#[case] text: &str, #[case] rows: Vec<Vec<Value>>) {
        let (names, read) = parse_text(text).expect("the table is valid");
        assert_eq!(read, rows);
        let written = write_text(&names, &read);
        assert_eq!(parse_text(&written).expect("a written table is valid"), (names, read), "written as:\n{written}");
    }

    #[rstest]
    #[case("")]
    #[case("a | b\n1\n")]
    #[case("a\n\"open\n")]
    #[case("a | b\n1 |\n")]
    #[case("a | | b\n")]
    fn broken_tables_are_refused(#[case] text: &str) {
        assert!(parse_text(text).is_err());
    }
}
