//! Paths of the machine that a session ran on, and what stands for them in a scenario.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Paths in single quotes, as SQL names files.
static IN_QUOTES: LazyLock<Regex> = LazyLock::new(|| Regex::new("'(/[^'\n]+)'").expect("the pattern is a constant"));

/// Words in the names of arguments that are paths.
const PATH_WORDS: [&str; 6] = ["path", "file", "folder", "directory", "dir", "location"];

/// Folders of the system, where nobody keeps files.
const SYSTEM_FOLDERS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The paths that a request names: arguments that are one, and paths in quotes inside an argument.
///
/// Each as it is spelled and as it is meant, without `.` and `..`.
pub(super) fn named(arguments: &Value) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    collect("", arguments, &mut found);
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<(String, PathBuf)>) {
    match value {
        Value::String(text) => {
            let text = text.strip_prefix("file://").unwrap_or(text);
            let path = Path::new(text);
            if path.is_absolute() {
                let says_so = PATH_WORDS.iter().any(|word| name.to_ascii_lowercase().contains(word));
                found.extend(Some(path).filter(|path| says_so || is_meant(path)).into_iter().flat_map(clean));
            } else {
                let quoted = IN_QUOTES.captures_iter(text).filter_map(|found| found.get(1));
                let paths = quoted.map(|found| PathBuf::from(found.as_str()));
                found.extend(paths.filter(|path| is_meant(path)).flat_map(|path| clean(&path)));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| collect(name, member, found)),
        _ => {}
    }
}

/// Whether a text that could be a path is one: something is there, or the folder where it would be made.
fn is_meant(path: &Path) -> bool {
    let parent = path.parent().filter(|parent| *parent != Path::new("/"));
    path.exists() || parent.is_some_and(Path::is_dir)
}

/// The path as it is meant, and what stands before the first `..`, which has to be there, too.
fn clean(path: &Path) -> Vec<(String, PathBuf)> {
    let spelled = path.to_string_lossy().trim_end_matches('/').to_owned();
    let before: PathBuf = path.components().take_while(|part| *part != Component::ParentDir).collect();
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    let system = |path: &PathBuf| SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder));
    let mut paths = if before == plain { vec![plain] } else { vec![before, plain] };
    paths.retain(|path| !system(path) && path.parent().is_some());
    paths.into_iter().map(|path| (spelled.clone(), path)).collect()
}

/// What stands for which path.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Longest first, so that a file is found before the folder that it is in.
    known: Vec<(String, String)>,
}

impl Places {
    /// Each of `paths` becomes its name below `$(dir)`; `fixed` have a variable of their own.
    ///
    /// A path that is spelled in another way stands for the same.
    pub(super) fn new<'a>(
        paths: impl Iterator<Item = (&'a Path, &'a Path)>,
        spelled: impl Iterator<Item = (&'a str, &'a Path)>,
        fixed: &[(&Path, &str)],
    ) -> Self {
        let paths: BTreeMap<&Path, &Path> = paths.filter(|(path, _)| path.file_name().is_some()).collect();
        let mut places = Self::default();
        let mut taken = HashSet::new();
        // A folder comes before what is in it.
        for (path, below) in &paths {
            if !path.ancestors().skip(1).any(|above| paths.contains_key(above)) {
                let name = unique(below, &mut taken);
                places.add(path, &format!("$(dir)/{name}"));
            }
        }
        for (path, variable) in fixed {
            places.add(path, variable);
        }
        let other: Vec<(String, String)> = spelled
            .map(|(spelled, path)| (spelled.to_owned(), places.longest_first().text(&path.to_string_lossy())))
            .collect();
        places.known.extend(other);
        places.longest_first();
        places
    }

    fn longest_first(&mut self) -> &Self {
        self.known.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        self
    }

    /// hyperd sees through symbolic links in some answers, so both names stand for the same.
    fn add(&mut self, path: &Path, variable: &str) {
        let real = path.parent().and_then(|parent| parent.canonicalize().ok()).map(|parent| parent.join(last(path)));
        for spelled in [Some(path.to_owned()), real].into_iter().flatten() {
            let known = (spelled.to_string_lossy().into_owned(), variable.to_owned());
            if !self.known.contains(&known) {
                self.known.push(known);
            }
        }
    }

    /// A text of the session as the scenario language writes it.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        'next: while let Some(first) = rest.chars().next() {
            // `$$(` would be an escape.
            if first == '/' && !out.ends_with('$') {
                for (path, variable) in &self.known {
                    if let Some(after) = rest.strip_prefix(path.as_str()).filter(|after| ends_here(after)) {
                        out.push_str(variable);
                        rest = after;
                        continue 'next;
                    }
                }
            }
            if let Some(after) = rest.strip_prefix("$(") {
                out.push_str("$$(");
                rest = after;
                continue;
            }
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
        out
    }

    /// The path of a file below `$(dir)`, without the variable.
    pub(super) fn inside(&self, path: &Path) -> String {
        let text = self.text(&path.to_string_lossy());
        text.strip_prefix("$(dir)/").map_or(text.clone(), str::to_owned)
    }
}

fn last(path: &Path) -> &Path {
    path.file_name().map_or(path, Path::new)
}

/// Whether the name of a file ends before `rest`; what follows `people.csv.` belongs to a file beside it.
fn ends_here(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// `name`, or one beside it that nobody has.
pub(super) fn unique(name: &Path, taken: &mut HashSet<String>) -> String {
    let mut candidate = name.to_string_lossy().into_owned();
    let mut count = 1;
    while !taken.insert(candidate.to_lowercase()) {
        count += 1;
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        let mut renamed = name.with_file_name(format!("{stem}_{count}"));
        if let Some(extension) = name.extension() {
            renamed.set_extension(extension);
        }
        candidate = renamed.to_string_lossy().into_owned();
    }
    candidate
}
