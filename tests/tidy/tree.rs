//! The repository's files, read once.

use std::fmt;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use walkdir::WalkDir;

/// A file of text.
pub(crate) struct Text {
    /// Its path below the repository's root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// A file of Rust.
pub(crate) struct Rust {
    /// Its path below the repository's root, with `/`.
    pub(crate) path: String,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// Its syntax, or why it has none.
    pub(crate) syntax: Result<syn::File, String>,
    text: String,
}

/// Everything that the rules look at.
pub(crate) struct Tree {
    /// All files of text.
    pub(crate) texts: Vec<Text>,
}

/// A broken rule, where, and what to do.
pub(crate) struct Problem {
    path: String,
    line: usize,
    remedy: String,
}

impl Problem {
    /// A problem at a line, counted from 1.
    pub(crate) fn new(path: &str, line: usize, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.remedy)
    }
}

impl Tree {
    /// Reads the repository that this test was built in, but not what git or cargo put there.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
        let ours = |entry: &walkdir::DirEntry| entry.depth() != 1 || !matches!(name(entry), "target" | ".git");
        let mut texts: Vec<Text> = WalkDir::new(root)
            .into_iter()
            .filter_entry(ours)
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .filter_map(|entry| {
                let text = fs::read_to_string(entry.path()).ok()?;
                let path = entry.path().strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
                Some(Text { path, text })
            })
            .collect();
        texts.sort_by(|one, other| one.path.cmp(&other.path));
        Self { texts }
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.iter().find(|text| text.path == path).map(|text| text.text.as_str())
    }

    /// The files below a folder that have the extension.
    pub(crate) fn below<'a>(&'a self, folder: &'a str, extension: &'a str) -> impl Iterator<Item = &'a Text> {
        self.texts.iter().filter(move |text| text.path.starts_with(folder) && text.path.ends_with(extension))
    }

    /// All Rust below a folder; `""` is everything.
    pub(crate) fn rust<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = Rust> + 'a {
        self.below(folder, ".rs").map(|text| Rust {
            path: text.path.clone(),
            lines: text.text.lines().count(),
            syntax: syn::parse_file(&text.text).map_err(|error| format!("{}: {error}", error.span().start().line)),
            text: text.text.clone(),
        })
    }

    /// The names of the files in a folder whose every file is one entry of a registry.
    pub(crate) fn stems(&self, folder: &str) -> Vec<String> {
        self.below(folder, ".rs")
            .filter_map(|text| text.path.strip_prefix(folder)?.strip_suffix(".rs"))
            .filter(|stem| *stem != "mod" && !stem.contains('/'))
            .map(str::to_owned)
            .collect()
    }
}

impl Rust {
    /// The file's tokens: no comments, and each literal in one piece.
    pub(crate) fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_default()
    }
}

fn name(entry: &walkdir::DirEntry) -> &str {
    entry.file_name().to_str().unwrap_or_default()
}
