//! Scenarios that expect something wrong: a suite whose changed expectations still hold would believe anything.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use hyper_conform::checks::CHECK_KEYS;
use hyper_conform::scenario::{Scenario, Step};
use hyper_conform::source::Diagnostic;
use hyper_conform::steps::file;
use hyper_conform::syntax::{Kind, Node, Style};
use hyper_conform::{Case, Suite, plan};
use serde_json::Value;

/// The keys of a step of `notified` whose values say what must come, besides the checks that every step can have.
const OF_NOTIFIED: [&str; 1] = ["params"];

/// Matchers that hold only if what is in them does.
const TRANSPARENT: [&str; 9] =
    ["$contains", "$starts_with", "$ends_with", "$json", "$each", "$includes", "$unordered", "$exact", "$len"];

/// How often the suite is read again without the changes that the language itself refuses.
const READS_MAX: usize = 5;

/// One expectation of a scenario, written otherwise.
pub(super) struct Mutant {
    /// Where the scenario begins, which the change does not move.
    scenario: String,
    /// The file, below the suite's folder.
    file: PathBuf,
    /// The bytes that are replaced.
    range: std::ops::Range<usize>,
    /// What stands there instead.
    new: String,
    /// The place and the change, for people.
    pub(super) told: String,
}

/// One mutant of each scenario that has an expectation to change, picked by `seed`.
pub(super) fn pick(suite: &Suite, seed: u64) -> Vec<Mutant> {
    let scenarios = suite.files.iter().flat_map(|file| file.file.scenarios.iter().map(move |one| (file, one)));
    let scenarios = scenarios.filter(|(_, one)| one.ignore.is_none() && one.tags.iter().all(|tag| tag != "network"));
    let mutants = scenarios.filter_map(|(file, scenario)| {
        let mut found = Vec::new();
        scenario.steps.iter().for_each(|step| of_step(step, scenario, &mut found));
        let mut hasher = DefaultHasher::new();
        (seed, scenario.span.place()).hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % u64::try_from(found.len().max(1)).ok()?).ok()?;
        let (node, new) = found.into_iter().nth(index)?;
        let told = format!("{}: {} became {new}", node.place(), node.text().trim());
        let file = file.path.strip_prefix(&suite.root).ok()?.to_owned();
        Some(Mutant { scenario: scenario.span.place(), file, range: node.start..node.end, new, told })
    });
    mutants.collect()
}

type Change = (hyper_conform::source::Span, String);

fn of_step(step: &Step, scenario: &Scenario, out: &mut Vec<Change>) {
    // A step that is tried again waits for its whole time, and a fragment's steps stand in another file.
    let elsewhere = step.span.source.path != scenario.span.source.path;
    if elsewhere || step.checks.eventually.is_some() {
        return;
    }
    let own: &[&str] = if step.node.get("file").is_some() {
        &file::LOOKS
    } else if step.node.get("notified").is_some() {
        &OF_NOTIFIED
    } else {
        &[]
    };
    for entry in step.node.as_map().unwrap_or_default() {
        let key = entry.key.name.as_str();
        if !CHECK_KEYS.contains(&key) && !own.contains(&key) {
            continue;
        }
        match &entry.value.kind {
            Kind::Text(_, Style::Block) if entry.key.name == "rows" => out.extend(last_cell(&entry.value)),
            _ => of_value(&entry.value, out),
        }
    }
    step.action.inner().unwrap_or_default().iter().for_each(|inner| of_step(inner, scenario, out));
}

fn of_value(node: &Node, out: &mut Vec<Change>) {
    let new = match &node.kind {
        Kind::Null => "7".to_owned(),
        Kind::Bool(value) => (!value).to_string(),
        Kind::Number(number) => match number.as_i64() {
            Some(whole) => whole.wrapping_add(1).to_string(),
            None => "0.123".to_owned(),
        },
        Kind::Text(text, Style::Plain) if text == "any" || (text.starts_with('$') && !text.starts_with("$(")) => return,
        Kind::Text(_, Style::Block) => return,
        Kind::Text(text, _) => Value::from(format!("{text}~")).to_string(),
        Kind::List(items) => return items.iter().for_each(|item| of_value(item, out)),
        Kind::Map(entries) => {
            let holds = |name: &str| !name.starts_with('$') || name.starts_with("$(") || TRANSPARENT.contains(&name);
            return entries.iter().filter(|entry| holds(&entry.key.name)).for_each(|entry| of_value(&entry.value, out));
        }
    };
    out.push((node.span.clone(), new));
}

/// The last cell of a table of rows: of its header, where there are no rows.
fn last_cell(table: &Node) -> Option<Change> {
    let text = table.span.text().trim_end();
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    let cell = text[line..].rfind(" | ").map_or(line, |at| line + at + 3);
    let start = cell + text[cell..].find(|c: char| !c.is_whitespace())?;
    let mut span = table.span.clone();
    (span.start, span.end) = (table.span.start + start, table.span.start + text.len());
    Some((span, "mutated".to_owned()))
}

/// The suite in `root` with the mutants in it, written to `into`: the cases of each mutant that the language accepts.
pub(super) fn load(root: &Path, into: &Path, mutants: Vec<Mutant>) -> Result<Vec<(Mutant, Vec<Case>)>, String> {
    let mut mutants = mutants;
    for _ in 0..READS_MAX {
        write(root, into, &mutants).map_err(|error| format!("failed to write the mutants: {error}"))?;
        match Suite::load(into) {
            Ok(suite) => {
                let cases = plan::cases(&suite);
                let of = |mutant: &Mutant| {
                    let own = |case: &&Case| case.scenario().span.place() == mutant.scenario;
                    cases.iter().filter(own).cloned().collect()
                };
                return Ok(mutants.into_iter().map(|mutant| (of(&mutant), mutant)).map(|(a, b)| (b, a)).collect());
            }
            Err(problems) => mutants.retain(|mutant| !problems.iter().any(|problem| refuses(problem, mutant))),
        }
    }
    Err("the suite with the mutants in it cannot be read".to_owned())
}

fn refuses(problem: &Diagnostic, mutant: &Mutant) -> bool {
    let within = problem.span.start <= mutant.range.end && mutant.range.start <= problem.span.end;
    within && problem.span.source.path.ends_with(&mutant.file)
}

fn write(root: &Path, into: &Path, mutants: &[Mutant]) -> std::io::Result<()> {
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        let inside = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(into.join(inside))?;
        } else if inside.extension().is_some_and(|extension| extension == "yaml") {
            let mut text = std::fs::read_to_string(entry.path())?;
            let mut here: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.file == inside).collect();
            here.sort_by_key(|mutant| std::cmp::Reverse(mutant.range.start));
            for mutant in here {
                text.replace_range(mutant.range.clone(), &mutant.new);
            }
            std::fs::write(into.join(inside), text)?;
        }
    }
    Ok(())
}
