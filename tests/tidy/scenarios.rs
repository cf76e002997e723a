//! That the scenarios, the manual and the reject cases keep up with the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hyper_conform::source::Source;
use hyper_conform::syntax;
use serde_json::Value;

use crate::rust;
use crate::tree::{Problem, Text, Tree};

const MANUAL: &str = "scenarios/README.md";
const REQUIREMENTS: &str = "scenarios/requirements.yaml";
const MATCHERS: &str = "harness/src/matchers/";
const VARIABLES: &str = "harness/src/vars.rs";
const STEPS: &str = "harness/src/steps/";

/// Keys of a step whose values are data, in which a tool's or a verb's name means nothing.
const DATA_KEYS: [&str; 7] = ["with", "expect", "error", "rows", "params", "save", "matrix"];

/// Each tool has been seen to accept and to refuse.
pub(crate) fn tools_called(tree: &Tree) -> Vec<Problem> {
    let mut calls = BTreeSet::new();
    let mut problems = Vec::new();
    for file in tree.below("scenarios/", ".yaml") {
        collect_calls(&parse(file), &Value::Null, &mut calls);
    }
    for tool in tree.stems("server/src/tools/") {
        for (refused, what) in [(false, "accepts"), (true, "refuses (`error:`)")] {
            if !calls.contains(&(tool.clone(), refused)) {
                let remedy = format!("write a scenario with a step `call: {tool}` that the server {what}");
                problems.push(Problem::new(&format!("server/src/tools/{tool}.rs"), 1, remedy));
            }
        }
    }
    problems
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

/// Each requirement is tried, or excluded for a reason; each id that a scenario names is a requirement.
pub(crate) fn requirements(tree: &Tree) -> Vec<Problem> {
    let Some(rows) = tree.below(REQUIREMENTS, "").next() else {
        return vec![Problem::new(REQUIREMENTS, 1, "is missing: what a conforming server must do, one id a row")];
    };
    let requirements = ids(&parse(rows));
    let mut problems = Vec::new();
    if requirements.is_empty() {
        problems.push(Problem::new(REQUIREMENTS, 1, "has no row that this test can read: a list of maps with an `id`"));
    }
    let mut named = BTreeSet::new();
    for file in tree.below("scenarios/", ".yaml").filter(|file| file.path != REQUIREMENTS) {
        let mut here = BTreeSet::new();
        collect_requirements(&parse(file), &mut here);
        for id in here.iter().filter(|id| !requirements.contains_key(*id)) {
            let remedy = format!("names {id}, which is not in {REQUIREMENTS}");
            problems.push(Problem::new(&file.path, line_of(&file.text, id), remedy));
        }
        named.append(&mut here);
    }
    for (id, elsewhere) in requirements {
        let line = line_of(&rows.text, &id);
        if let Elsewhere::Test(path) = &elsewhere
            && !tree.text(path).is_some_and(|text| mentions(text, &id))
        {
            problems.push(Problem::new(REQUIREMENTS, line, format!("{id}: there is no {path} that names it")));
        }
        match (named.contains(&id), elsewhere != Elsewhere::Nowhere) {
            (false, false) => {
                let remedy = format!(
                    "{id}: no scenario names it; write one, name a test with `proven_by:`, or a reason with `excluded:`"
                );
                problems.push(Problem::new(REQUIREMENTS, line, remedy));
            }
            (true, true) => {
                problems.push(Problem::new(
                    REQUIREMENTS,
                    line,
                    format!("{id}: a scenario names it; drop `excluded:` or `proven_by:`"),
                ));
            }
            (true, false) | (false, true) => {}
        }
    }
    problems
}

/// The file as the suite itself reads it. A broken file has no content here: the suite reports it better.
fn parse(file: &Text) -> Value {
    let Text { path, text } = file;
    let source = Source { shown: path.clone(), path: PathBuf::from(path), text: text.clone() };
    syntax::parse(&Arc::new(source)).map_or(Value::Null, |node| node.to_json())
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

/// Every call below the node: the tool, and whether it was to be refused. A tool may be a name of the `matrix` around it.
fn collect_calls(node: &Value, matrix: &Value, calls: &mut BTreeSet<(String, bool)>) {
    let matrix = node.get("matrix").unwrap_or(matrix);
    if let Value::Object(step) = node {
        let refused = step.contains_key("error");
        if let Some(Value::String(tool)) = step.get("call") {
            let name = tool.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
            match name.and_then(|name| matrix[name].as_array()) {
                Some(tools) => {
                    calls.extend(tools.iter().filter_map(Value::as_str).map(|tool| (tool.to_owned(), refused)));
                }
                None => drop(calls.insert((tool.clone(), refused))),
            }
        }
        for verb in ["query", "execute"] {
            if step.contains_key(verb) {
                calls.insert((verb.to_owned(), refused));
            }
        }
    }
    for child in children(node) {
        collect_calls(child, matrix, calls);
    }
}

fn collect_requirements(node: &Value, ids: &mut BTreeSet<String>) {
    if let Some(Value::Array(named)) = node.get("requirements") {
        ids.extend(named.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    for child in children(node) {
        collect_requirements(child, ids);
    }
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| !DATA_KEYS.contains(&key.as_str())).map(|(_, value)| value).collect()
        }
        _ => Vec::new(),
    }
}

/// What stands in for a requirement's scenario.
#[derive(PartialEq, Eq)]
enum Elsewhere {
    Nowhere,
    Excluded,
    Test(String),
}

/// Each requirement's id, and what stands in for a scenario.
fn ids(node: &Value) -> BTreeMap<String, Elsewhere> {
    let mut found = BTreeMap::new();
    if let Some(id) = node.get("id").and_then(Value::as_str) {
        let elsewhere = match node.get("proven_by").and_then(Value::as_str) {
            Some(path) => Elsewhere::Test(path.to_owned()),
            None if node.get("excluded").is_some() => Elsewhere::Excluded,
            None => Elsewhere::Nowhere,
        };
        found.insert(id.to_owned(), elsewhere);
    }
    for child in children(node) {
        found.append(&mut ids(child));
    }
    found
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).map_or(1, |index| index + 1)
}
