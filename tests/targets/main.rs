//! Targets: broken files beside the messages that they must produce, the manual's examples, and servers that misbehave.
//!
//! `HYPER_CONFORM_BLESS=1 cargo test --test targets` writes the messages anew; the difference is then reviewed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use conformance_tests::golden;
use hyper_conform::source::{Diagnostic, Source};
use hyper_conform::target::expected::{Known, Reading};
use hyper_conform::target::{self, Expected, TargetFile};
use libtest_mimic::{Arguments, Failed, Trial};

#[cfg(unix)]
mod servers;
mod versions;

fn main() -> ExitCode {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials: Vec<Trial> = toml_files(&tests.join("targets/rejects"))
        .into_iter()
        .map(|path| {
            let name = format!("rejects::{}", path.file_stem().unwrap_or_default().to_string_lossy());
            Trial::test(name, move || reject(&path))
        })
        .collect();
    let root = tests.with_file_name("scenarios");
    trials.push(Trial::test("manual::every_example_is_read", {
        let manual = root.join("README.md");
        move || examples(&manual)
    }));
    for path in toml_files(&root.join("targets")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".expected") {
            trials.push(Trial::test(format!("shipped::{name}"), move || {
                read(&source(&path)?).map_err(|problems| told(&problems))
            }));
        }
    }
    trials.push(Trial::test("shipped::scenarios_are_blessed_by_our_own_server_alone", {
        let root = root.clone();
        move || references(&root)
    }));
    trials.extend(versions::trials());
    #[cfg(unix)]
    trials.extend(servers::trials(&root));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    files
}

fn source(path: &Path) -> std::io::Result<Arc<Source>> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Arc::new(Source { shown, path: path.to_owned(), text: std::fs::read_to_string(path)? }))
}

/// A target's file, or a list of expected failures where the name says so.
fn read(source: &Arc<Source>) -> Result<(), Vec<Diagnostic>> {
    if source.shown.ends_with("expected.toml") {
        return Expected::parse(source, &suite(), Reading::Strict).map(|_| ());
    }
    TargetFile::parse(source).map(|_| ())
}

/// The cases that lists of expected failures are held against here.
fn suite() -> Vec<Known> {
    let known = |id: &str| Known { id: id.to_owned(), unmet: None };
    let mut suite: Vec<Known> = [
        "route::defaults::a_call_without_a_database_goes_to_local",
        "route::defaults::casing[spelled=lake]",
        "route::defaults::casing[spelled=LAKE]",
        "route::unknown::a_query_is_refused[database=ghost]",
        "route::unknown::a_query_is_refused[database=gone]",
        "route::unknown::nothing_is_made",
        "route::unknown::it_is_named",
    ]
    .map(known)
    .to_vec();
    suite.push(Known { id: "readonly::writers::execute".to_owned(), unmet: Some("it lacks `read_only`".to_owned()) });
    suite
}

fn told(problems: &[Diagnostic]) -> Failed {
    let shown: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
    Failed::from(shown.join("\n\n"))
}

fn reject(path: &Path) -> Result<(), Failed> {
    let Err(problems) = read(&source(path)?) else {
        return Err(Failed::from(format!("{} is broken on purpose, and was accepted", path.display())));
    };
    let shown: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
    let actual = shown.join("\n\n") + "\n";
    Ok(golden::hold(&path.with_extension("err"), &actual, "targets")?)
}

fn references(root: &Path) -> Result<(), Failed> {
    for (name, ours) in [("hyperd-mcp", true), ("hyperd-mcp-stdio", true), ("hyperdb-mcp", false)] {
        let target = target::find(root, name).map_err(|error| format!("{error:?}"))?;
        if target.is_reference() != ours {
            return Err(Failed::from(format!("`{name}` is a reference: {}", !ours)));
        }
    }
    Ok(())
}

/// Each `toml` block of the manual is a whole file.
fn examples(manual: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(manual)?;
    let mut found = 0;
    for part in text.split("\n```toml").skip(1) {
        let (mark, rest) = part.split_once('\n').unwrap_or_default();
        let block = rest.split("\n```").next().unwrap_or_default();
        let shown = if mark.trim() == "expected" { "manual.expected.toml" } else { "manual.toml" };
        let source = Source { shown: shown.to_owned(), path: PathBuf::from(shown), text: block.to_owned() };
        read(&Arc::new(source)).map_err(|problems| told(&problems))?;
        found += 1;
    }
    if found < 3 { Err(Failed::from(format!("only {found} examples were found"))) } else { Ok(()) }
}
