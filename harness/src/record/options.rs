//! How a server was started, as far as a scenario can ask for the same.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::bounds::Limit;
use crate::scenario::ServerOptions;
use crate::syntax::Node;
use crate::target::TargetFile;
use crate::target::file::{Extra, Kind, Options};

/// How the recorded server was started.
#[derive(Debug, Default)]
pub struct Served {
    /// What a scenario's `server` says of it.
    pub options: ServerOptions,
    /// The file of its persistent database, where the command names one.
    pub persistent: Option<PathBuf>,
    /// How many bytes that file had before the session; 0 where it was not there.
    pub held_bytes: u64,
    /// The name of the target whose program this is.
    pub target: Option<String>,
}

impl Served {
    /// Reads a command by the targets of the suite in `root`: their options say which arguments mean what.
    pub fn of_command(root: &Path, command: &[OsString]) -> Self {
        let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let Some((program, args)) = words.split_first() else { return Self::default() };
        let mut served = Self::default();
        if let Some(target) = target_of(root, program) {
            served.read(&split(args), &target.options);
            served.target = Some(target.name);
        }
        if served.persistent.is_none() && served.options.persistent {
            let is_database = |arg: &&String| Path::new(arg).extension().is_some_and(|ending| ending == "hyper");
            served.persistent = split(args).iter().find(is_database).map(PathBuf::from);
        }
        served.persistent = served.persistent.map(|path| std::path::absolute(&path).unwrap_or(path));
        let found = served.persistent.as_ref().and_then(|path| std::fs::metadata(path).ok());
        served.held_bytes = found.map_or(0, |found| found.len());
        served
    }

    fn read(&mut self, args: &[String], options: &Options) {
        let said = |option: &Option<Extra>| option.as_ref().and_then(|extra| said(&extra.args, args));
        if let Some(values) = said(&options.persistent) {
            self.persistent = value(&values, "persistent").map(PathBuf::from);
        }
        self.options.persistent = said(&options.ephemeral_only).is_none();
        self.options.read_only = said(&options.read_only).is_some();
        for (bound, extra) in &options.bounds {
            let values = said(&Some(extra.clone())).unwrap_or_default();
            let read = |(placeholder, text): &(String, String)| Limit::read(placeholder, text);
            if let Some(limit) = values.iter().find_map(read) {
                self.options.bounds.set(bound, limit);
            }
        }
    }
}

fn target_of(root: &Path, program: &str) -> Option<TargetFile> {
    let entries = std::fs::read_dir(root.join("targets")).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let named = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    named.filter_map(|path| TargetFile::load(path, &path.to_string_lossy()).ok()).find(|target| match &target.kind {
        Kind::Command { program: known, .. } => {
            let known = known.program.as_text().unwrap_or_default();
            Path::new(known).file_stem() == Path::new(program).file_stem()
        }
        _ => false,
    })
}

/// `--option=value` as two words.
fn split(args: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    for arg in args {
        match arg.split_once('=').filter(|_| arg.starts_with("--")) {
            Some((option, value)) => words.extend([option.to_owned(), value.to_owned()]),
            None => words.push(arg.clone()),
        }
    }
    words
}

/// What the names in `pattern` stand for, where `args` say it.
fn said(pattern: &[Node], args: &[String]) -> Option<Vec<(String, String)>> {
    if pattern.is_empty() {
        return None;
    }
    args.windows(pattern.len()).find_map(|window| {
        let pairs = pattern.iter().zip(window).map(|(node, arg)| captured(node.as_text()?, arg));
        pairs.collect::<Option<Vec<_>>>().map(|found| found.into_iter().flatten().collect())
    })
}

/// `Some(None)` for a word that is the same, `Some(Some(..))` for one that has a value in the place of `$(name)`.
#[expect(clippy::option_option, reason = "the word may differ, be the same, or have a value")]
fn captured(pattern: &str, given: &str) -> Option<Option<(String, String)>> {
    let Some((before, rest)) = pattern.split_once("$(") else { return (pattern == given).then_some(None) };
    let (name, after) = rest.split_once(')')?;
    let value = given.strip_prefix(before)?.strip_suffix(after)?;
    Some(Some((name.to_owned(), value.to_owned())))
}

fn value<'a>(values: &'a [(String, String)], name: &str) -> Option<&'a str> {
    values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::Served;
    use crate::bounds;

    fn served(args: &[&str]) -> Served {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
        let command: Vec<_> = args.iter().map(Into::into).collect();
        Served::of_command(&root, &command)
    }

    #[test]
    fn a_command_is_read_by_the_options_of_its_target() {
        let served = served(&["/opt/hyperd-mcp", "--read-only", "--persistent-db=/no/x.db", "--query-rows-max", "5"]);
        assert_eq!(served.target.as_deref(), Some("hyperd-mcp-stdio"));
        assert_eq!(served.persistent.as_deref(), Some(Path::new("/no/x.db")));
        assert!(served.options.read_only && served.options.persistent);
        assert_eq!((served.options.bounds.count(bounds::QUERY_ROWS_MAX), served.held_bytes), (Some(5), 0));
    }

    #[test]
    fn what_no_target_describes_is_searched_for_a_database() {
        let other = served(&["some-server", "--db", "/no/x.hyper"]);
        assert_eq!((other.target, other.persistent.as_deref()), (None, Some(Path::new("/no/x.hyper"))));
        let ephemeral = served(&["hyperd-mcp", "--ephemeral-only", "--statement-deadline", "0.5s"]);
        assert!(!ephemeral.options.persistent && ephemeral.persistent.is_none());
        let deadline = ephemeral.options.bounds.duration(bounds::STATEMENT_DEADLINE);
        assert_eq!(deadline, Some(Duration::from_millis(500)));
    }
}
