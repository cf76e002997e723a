//! The names of delivered files, of their sentinels, and of files that failed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What the name of a sentinel adds to that of its file.
const READY: &str = "ready";

/// The name of the file that a sentinel stands for.
pub(super) fn ready_name(path: &Path) -> Option<OsString> {
    (path.extension() == Some(OsStr::new(READY))).then(|| path.file_stem().map(OsStr::to_owned)).flatten()
}

pub(super) fn is_sentinel(name: &OsStr) -> bool {
    ready_name(Path::new(name)).is_some()
}

pub(super) fn sentinel_of(name: &OsStr) -> OsString {
    with_suffix(name, READY)
}

pub(super) fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut longer = name.to_owned();
    longer.push(".");
    longer.push(suffix);
    longer
}

/// `x.csv`, `x-2.csv`, `x-3.csv`.
pub(super) fn numbered(name: &OsStr, number: u32) -> OsString {
    if number == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or_default().to_owned();
    numbered.push(format!("-{number}"));
    match path.extension() {
        Some(extension) => {
            numbered.push(".");
            numbered.push(extension);
            numbered
        }
        None => numbered,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use rstest::rstest;

    use super::{numbered, ready_name};

    #[rstest]
    #[case::sentinel("/in/a.csv.ready", Some("a.csv"))]
    #[case::no_extension("/in/a.ready", Some("a"))]
    #[case::file("/in/a.csv", None)]
    #[case::inside("/in/a.ready.csv", None)]
    #[case::nothing_before("/in/.ready", None)]
    fn sentinels_name_their_files(#[case] path: &str, #[case] name: Option<&str>) {
        assert_eq!(ready_name(Path::new(path)).as_deref(), name.map(OsStr::new));
    }

    #[rstest]
    #[case::first("a.csv", 1, "a.csv")]
    #[case::second("a.csv", 2, "a-2.csv")]
    #[case::no_extension("a", 3, "a-3")]
    #[case::several("a.csv.gz", 2, "a.csv-2.gz")]
    fn later_failures_have_names_of_their_own(#[case] name: &str, #[case] number: u32, #[case] expected: &str) {
        assert_eq!(numbered(OsStr::new(name), number), expected);
    }
}
