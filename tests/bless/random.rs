//! Scenarios of the suite with one expectation corrupted at random: blessed against the real server, they are as before.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::bless::{Changed, bless};
use hyper_conform::pattern;
use hyper_conform::scenario::{Scenario, Step};
use hyper_conform::source::Source;
use hyper_conform::syntax::{self, Kind, Node, Style};
use hyper_conform::target::Duplex;
use hyper_conform::{Case, Engines, Stage, Suite, jobs_default, libtest, plan, run_all};
use libtest_mimic::Failed;

/// How many scenarios are corrupted: each in a file of its own, so that a seed tries many parts of the suite.
const FILES: usize = 24;

/// What is corrupted unless `HYPER_CONFORM_SEED` says otherwise.
const SEED: u64 = 20_261_125;

/// What is in a corrupted text and was not there before.
const MARK: &str = "~~corrupted";

/// One expectation written otherwise.
struct Corruption {
    /// The file, below the suite's folder.
    file: PathBuf,
    scenario: String,
    range: Range<usize>,
    new: String,
}

pub(super) fn a_corrupted_expectation_is_put_right() -> Result<(), Failed> {
    let given = std::env::var("HYPER_CONFORM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or(SEED);
    put_right(seed).map_err(|failed| {
        let said = failed.message().unwrap_or_default();
        Failed::from(format!("again: HYPER_CONFORM_SEED={seed} cargo test --test bless\n{said}"))
    })
}

fn put_right(seed: u64) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let suite = Suite::load(&root).map_err(|problems| libtest::told(&problems))?;
    let corruptions = pick(&suite, seed);
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("scenarios");
    write(&root, &copy, &corruptions)?;
    // `$(data)` is the suite's own.
    let stage = Stage::new(Arc::new(Duplex), Engines::default(), &root, false);
    let corrupted = Suite::load(&copy).map_err(|problems| libtest::told(&problems))?;
    let run = |cases: &[Case]| run_all(cases, &stage, jobs_default(), |_| true);
    let hit = |case: &Case| {
        corruptions.iter().any(|one| case.path().ends_with(&one.file) && case.scenario().name == one.scenario)
    };
    let cases: Vec<Case> = plan::cases(&corrupted).into_iter().filter(hit).collect();
    let blessing = bless(&copy, run(&cases), &mut |cases| Some(run(cases)));
    stage.engines.stop();
    let blessing = blessing?;
    blessing.write()?;
    if !blessing.left.is_empty() || blessing.files.len() != corruptions.len() {
        let told: Vec<String> = blessing.files.iter().map(Changed::diff).collect();
        let (left, told) = (blessing.left.join("\n"), told.join("\n"));
        return Err(Failed::from(format!("{} were corrupted, and left is\n{left}\n{told}", corruptions.len())));
    }
    corruptions.iter().try_for_each(|one| as_before(&root.join(&one.file), &copy.join(&one.file)))
}

/// The same bytes; or the same meaning, where a text may be written with quotes or without, and 9 as 9.0.
fn as_before(original: &Path, blessed: &Path) -> Result<(), Failed> {
    let (before, after) = (fs::read_to_string(original)?, fs::read_to_string(blessed)?);
    if before == after || pattern::same(&meaning(&before)?, &meaning(&after)?) {
        return Ok(());
    }
    let (shown, path) = (original.display().to_string(), original.to_owned());
    Err(Failed::from(Changed { shown, path, before, after, expectations: 1 }.diff()))
}

fn meaning(text: &str) -> Result<serde_json::Value, Failed> {
    let source = Source { shown: "a file".to_owned(), path: PathBuf::from("a file"), text: text.to_owned() };
    let node = syntax::parse(&Arc::new(source)).map_err(|problems| libtest::told(&problems))?;
    Ok(node.to_json())
}

/// One scenario of each of some files.
fn pick(suite: &Suite, seed: u64) -> Vec<Corruption> {
    let number = |what: &str| {
        let mut hasher = DefaultHasher::new();
        (seed, what).hash(&mut hasher);
        hasher.finish()
    };
    let mut picked: Vec<(u64, Corruption)> = Vec::new();
    for file in &suite.files {
        let mut here: Vec<(u64, &Scenario, Range<usize>, String)> = Vec::new();
        for scenario in file.file.scenarios.iter().filter(|scenario| is_plain(scenario)) {
            let mut found = Vec::new();
            scenario.steps.iter().for_each(|step| of_step(step, &mut found));
            let own = found
                .into_iter()
                .map(|(range, new)| (number(&format!("{}{range:?}", file.module)), scenario, range, new));
            here.extend(own);
        }
        here.sort_by_key(|(number, ..)| *number);
        if let (Some((order, scenario, range, new)), Ok(inside)) =
            (here.into_iter().next(), file.path.strip_prefix(&suite.root))
        {
            picked.push((order, Corruption { file: inside.to_owned(), scenario: scenario.name.clone(), range, new }));
        }
    }
    picked.sort_by_key(|(order, _)| *order);
    picked.into_iter().take(FILES).map(|(_, corruption)| corruption).collect()
}

/// Whether it is quick, and answers the same each time.
fn is_plain(scenario: &Scenario) -> bool {
    let steps = || scenario.steps.iter().chain(&scenario.finally);
    let patient = steps().any(|step| step.checks.eventually.is_some() || step.cancel_after.is_some());
    let special = scenario.tags.iter().any(|tag| tag == "slow" || tag == "network");
    !patient && !special && scenario.ignore.is_none() && !scenario.server.private_engine
}

/// The values of a step that can be corrupted and put right: no matchers, and no parts of texts.
fn of_step(step: &Step, found: &mut Vec<(Range<usize>, String)>) {
    for name in ["expect", "columns", "rows"] {
        match step.node.get(name) {
            Some(node) if matches!(node.kind, Kind::Text(_, Style::Block)) => found.extend(last_cell(node)),
            Some(node) => of_value(node, found),
            None => {}
        }
    }
    for name in ["code", "sqlstate"] {
        step.node.get("error").and_then(|error| error.get(name)).into_iter().for_each(|node| of_value(node, found));
    }
}

fn of_value(node: &Node, found: &mut Vec<(Range<usize>, String)>) {
    let written = node.span.text();
    let new = match &node.kind {
        Kind::Null => "7".to_owned(),
        Kind::Bool(value) => (!value).to_string(),
        Kind::Number(_) => format!("9{}", written.trim_start_matches('-')),
        Kind::Text(text, Style::Plain) if text == "any" || text.starts_with('$') => return,
        Kind::Text(_, Style::Plain) => format!("{written}{MARK}"),
        Kind::Text(_, Style::Quoted) => {
            let (inner, quote) = written.split_at(written.len() - 1);
            format!("{inner}{MARK}{quote}")
        }
        Kind::Text(_, Style::Block) => return,
        Kind::List(items) => return items.iter().for_each(|item| of_value(item, found)),
        Kind::Map(entries) => {
            let values = entries.iter().filter(|entry| !entry.key.name.starts_with('$'));
            return values.for_each(|entry| of_value(&entry.value, found));
        }
    };
    found.push((node.span.start..node.span.end, new));
}

/// The last cell of a table that has rows.
fn last_cell(table: &Node) -> Option<(Range<usize>, String)> {
    let text = table.span.text().trim_end();
    let line = text.rfind('\n')? + 1;
    let cell = text[line..].rfind(" | ").map_or(line, |at| line + at + " | ".len());
    let start = cell + text[cell..].find(|c: char| !c.is_whitespace())?;
    let written = &text[start..];
    // A word may hold a variable, which is to come back; a text in quotes is replaced.
    let new = if written.starts_with('"') { MARK.to_owned() } else { format!("{written}{MARK}") };
    let range = table.span.start + start..table.span.start + text.len();
    (!written.starts_with('"') || !written.contains("$(")).then_some((range, new))
}

fn write(root: &Path, into: &Path, corruptions: &[Corruption]) -> std::io::Result<()> {
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        let inside = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            fs::create_dir_all(into.join(inside))?;
        } else if inside.extension().is_some_and(|extension| extension == "yaml") {
            let mut text = fs::read_to_string(entry.path())?;
            for one in corruptions.iter().filter(|one| one.file == inside) {
                text.replace_range(one.range.clone(), &one.new);
            }
            fs::write(into.join(inside), text)?;
        }
    }
    Ok(())
}
