//! That the scenarios, the manual and the reject cases keep up with the code.

use std::path::Path;

use hyper_conform::Suite;
use hyper_conform::coverage::{self, Row};
use hyper_conform::tools::Tool;
use serde_json::Value;

use crate::rust;
use crate::tree::{Problem, Tree};

const MANUAL: &str = "scenarios/README.md";
const REQUIREMENTS: &str = "scenarios/requirements.yaml";
const MATCHERS: &str = "harness/src/matchers/";
const VARIABLES: &str = "harness/src/vars.rs";
const STEPS: &str = "harness/src/steps/";

/// Each tool has been seen to accept and to refuse.
pub(crate) fn tools_called(tree: &Tree) -> Vec<Problem> {
    let stems = tree.stems("server/src/tools/").into_iter();
    let tools: Vec<Tool> = stems.map(|name| Tool { name, input: Value::Null, output: None }).collect();
    let missing = |row: Row| {
        let remedy = format!("{} (`call: {}`)", row.gap?, row.name);
        Some(Problem::new(&format!("server/src/tools/{}.rs", row.name), 1, remedy))
    };
    suite().iter().flat_map(|suite| coverage::of_tools(suite, &tools)).filter_map(missing).collect()
}

/// Each step, matcher and builtin variable is explained where QA people look.
pub(crate) fn manual(tree: &Tree) -> Vec<Problem> {
    let Some(manual) = tree.text(MANUAL) else {
        return vec![Problem::new(MANUAL, 1, "is missing: the manual of the scenario language")];
    };
    let explain = |part: &str| format!("explain `{part}`, with an example, in {MANUAL}");
    let mut problems: Vec<Problem> = parts(tree)
        .into_iter()
        .filter(|(_, part)| !mentions(manual, part))
        .map(|(path, part)| Problem::new(&path, 1, explain(&part)))
        .collect();
    let variables = tree.rust(VARIABLES).next().and_then(|file| file.syntax.ok());
    let builtins = variables.map(|file| rust::strings(&file, "BUILTINS")).unwrap_or_default();
    if builtins.is_empty() {
        problems.push(Problem::new(VARIABLES, 1, "lists the builtin variables in `const BUILTINS: [&str; _]`"));
    }
    for (name, line) in builtins {
        let part = format!("$({name})");
        if !manual.contains(&part) {
            problems.push(Problem::new(VARIABLES, line, explain(&part)));
        }
    }
    problems
}

/// Each step and matcher was written wrongly once, and its message was looked at.
pub(crate) fn reject_cases(tree: &Tree) -> Vec<Problem> {
    let cases: Vec<&str> = tree.below("tests/rejects/", ".yaml").map(|case| case.text.as_str()).collect();
    let mut problems: Vec<Problem> = parts(tree)
        .into_iter()
        .filter(|(_, part)| !cases.iter().any(|case| mentions(case, part)))
        .map(|(path, part)| {
            let remedy = format!("write `{part}` wrongly in tests/rejects/<case>.yaml, with the message in <case>.err");
            Problem::new(&path, 1, remedy)
        })
        .collect();
    for case in tree.below("tests/rejects/", ".yaml") {
        if tree.text(&case.path.replace(".yaml", ".err")).is_none() {
            problems.push(Problem::new(&case.path, 1, "has no .err file beside it"));
        }
    }
    problems
}

/// Each requirement is tried, or excluded for a reason.
pub(crate) fn requirements(tree: &Tree) -> Vec<Problem> {
    if tree.text(REQUIREMENTS).is_none() {
        return vec![Problem::new(REQUIREMENTS, 1, "is missing: what a conforming server must do, one id a row")];
    }
    let problem = |row: Row| {
        let line = row.span.map_or(1, |span| span.source.line_column(span.start).0);
        Some(Problem::new(REQUIREMENTS, line, format!("{}: {}", row.name, row.gap?)))
    };
    suite().iter().flat_map(coverage::of_requirements).filter_map(problem).collect()
}

/// The suite as it reads itself. A broken one is none here: the suite reports it better.
fn suite() -> Option<Suite> {
    Suite::load(&Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios")).ok()
}

/// The steps and matchers, each with its file and as a scenario writes it.
fn parts(tree: &Tree) -> Vec<(String, String)> {
    let steps = tree.stems(STEPS).into_iter().map(|stem| (format!("{STEPS}{stem}.rs"), format!("{stem}:")));
    let matchers = tree.stems(MATCHERS).into_iter().map(|stem| (format!("{MATCHERS}{stem}.rs"), format!("${stem}")));
    steps.chain(matchers).collect()
}

/// Whether the text has the part as a whole word: `gt` is not in `$gte`, nor `file:` in `profile:`.
fn mentions(text: &str, part: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(part).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + part.len()..].chars().next();
        let open = part.ends_with(':') || !after.is_some_and(word);
        open && !before.is_some_and(word)
    })
}
