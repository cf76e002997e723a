//! `$(name)` in a row's SQL: where its files lie, and texts that are too long to write out.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::source::{Diagnostic, nearest};
use crate::syntax::Node;
use crate::vars::{Piece, pieces};

/// Names that stand for a path.
const PATHS: [&str; 3] = ["dir", "db", "data"];
/// Names that take a count: `$(text.1000)`.
const COUNTED: [&str; 3] = ["columns", "nested", "text"];
/// As much as a counted name may ask for.
const COUNT_MAX: usize = 100_000;

/// Old releases name transactions by their place in memory.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("0x[0-9a-f]{6,16}").ok());

/// Where one run of a row has its files.
#[derive(Debug, Clone)]
pub struct Places {
    /// `$(dir)`: the row's own directory.
    pub dir: PathBuf,
    /// `$(db)`: its database.
    pub db: PathBuf,
    /// `$(data)`: `scenarios/data`.
    pub data: PathBuf,
}

impl Places {
    /// The places of a row whose directory is `dir`.
    pub fn new(dir: PathBuf, data: &Path) -> Self {
        let db = dir.join("row.hyper");
        Self { dir, db, data: data.to_owned() }
    }

    /// The text with every name written out.
    pub fn expand(&self, text: &str) -> String {
        pieces(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Name(name, _) => self.value(name).unwrap_or_default(),
                Piece::Open(range) => text[range].to_owned(),
            })
            .collect()
    }

    fn value(&self, name: &str) -> Option<String> {
        match name {
            "dir" => Some(self.dir.display().to_string()),
            "db" => Some(self.db.display().to_string()),
            "data" => Some(self.data.display().to_string()),
            _ => counted(name),
        }
    }

    /// The text with paths as the row writes them and without addresses: what two runs, two machines say alike.
    pub fn fold(&self, text: &str) -> String {
        let named = [(&self.db, "$(db)"), (&self.dir, "$(dir)"), (&self.data, "$(data)")];
        let text =
            named.iter().fold(text.to_owned(), |text, (path, name)| text.replace(&*path.to_string_lossy(), name));
        ADDRESS.as_ref().map(|address| address.replace_all(&text, "0x…").into_owned()).unwrap_or(text)
    }

    /// How many bytes of the expanded text stand before the first name: up to there, positions are the row's own.
    pub fn plain_prefix(text: &str) -> usize {
        text.find("$(").unwrap_or(text.len())
    }
}

fn counted(name: &str) -> Option<String> {
    let (what, count) = name.split_once('.')?;
    let count: usize = count.parse().ok().filter(|count| *count <= COUNT_MAX)?;
    match what {
        "columns" => Some((1..=count).map(|n| format!("c{n} INTEGER")).collect::<Vec<_>>().join(", ")),
        "nested" => Some(format!("{}1{}", "(".repeat(count), ")".repeat(count))),
        "text" => Some("x".repeat(count)),
        _ => None,
    }
}

/// Refuses names that stand for nothing.
pub fn check(node: &Node, problems: &mut Vec<Diagnostic>) {
    let Some(text) = node.as_text() else { return };
    for piece in pieces(text) {
        match piece {
            Piece::Name(name, _) if !PATHS.contains(&name) && counted(name).is_none() => {
                let known = PATHS.into_iter().chain(COUNTED);
                let near = nearest(name, known).map_or_else(
                    || "known here: $(dir), $(db), $(data), $(text.N), $(columns.N), $(nested.N)".to_owned(),
                    |near| format!("did you mean `$({near}{})`?", if COUNTED.contains(&near) { ".N" } else { "" }),
                );
                problems.push(
                    Diagnostic::new(&node.span, format!("`$({name})` stands for nothing"), "used here").help(near),
                );
            }
            Piece::Open(_) => problems.push(
                Diagnostic::new(&node.span, "`$(` is not closed", "a `)` is missing")
                    .help("close it, or write `$$(` for a literal `$(`"),
            ),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use rstest::rstest;

    use super::Places;

    #[rstest]
    #[case("COPY t TO '$(dir)/x.csv'", "COPY t TO '/row/x.csv'")]
    #[case("ATTACH DATABASE \"$(db)\"", "ATTACH DATABASE \"/row/row.hyper\"")]
    #[case("$(data)/p", "/suite/data/p")]
    #[case("$(columns.2)", "c1 INTEGER, c2 INTEGER")]
    #[case("$(nested.2)", "((1))")]
    #[case("'$(text.3)'", "'xxx'")]
    #[case("$$(dir)", "$(dir)")]
    fn names_expand(#[case] text: &str, #[case] expected: &str) {
        let places = Places::new(PathBuf::from("/row"), Path::new("/suite/data"));
        assert_eq!(places.expand(text), expected);
    }

    #[test]
    fn paths_fold_back() {
        let places = Places::new(PathBuf::from("/row"), Path::new("/suite/data"));
        assert_eq!(places.fold("transaction 0x00007f94280033d0@1"), "transaction 0x…@1");
        assert_eq!(places.fold("no /row/x.csv, /row/row.hyper, /suite/data/p"), "no $(dir)/x.csv, $(db), $(data)/p");
    }
}
