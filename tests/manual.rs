//! The manual's examples run: each fenced `yaml` block of `scenarios/README.md` is a whole scenario file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::source::Source;
use hyper_conform::suite::slug;
use hyper_conform::target::{Demo, Duplex};
use hyper_conform::vars::BUILTINS;
use hyper_conform::{Stage, Suite, libtest, matchers, plan, schema, steps, syntax};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// The path that messages show.
const MANUAL: &str = "scenarios/README.md";

/// What the fence of an example says, by the folder that its file lies in.
const FENCES: [(&str, &str); 2] = [("yaml", "manual"), ("yaml target=demo", "demo")];

/// One example.
struct Block {
    /// The folder of its file.
    folder: &'static str,
    /// The file's name without its folder and extension: the line, then the heading above.
    stem: String,
    /// As many empty lines as the manual has before it, so that each place in the example is its place in the manual.
    text: String,
}

fn main() -> ExitCode {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let folder = tempfile::tempdir();
    let prepared = std::fs::read_to_string(real.join("README.md")).and_then(|manual| {
        let folder = folder?;
        let found = blocks(&manual);
        lay_out(&real, folder.path(), &found)?;
        Ok((Arc::new(found), folder))
    });
    let (found, folder) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            return libtest::refuse(&format!("failed to read {MANUAL}, or to lay its examples out: {error}"));
        }
    };
    let stages = libtest::stage(Duplex, &real).and_then(|real| Ok([real, libtest::stage(Demo, folder.path())?]));
    let stages = match stages {
        Ok(stages) => stages,
        Err(text) => return libtest::refuse(&text),
    };
    let mut trials = Vec::new();
    for ((_, suite), stage) in FENCES.iter().zip(&stages) {
        match Suite::load(&folder.path().join(suite).join("scenarios")) {
            Ok(suite) => trials.extend(plan::cases(&suite).into_iter().map(|case| trial(case, stage, &found))),
            Err(problems) => return libtest::refuse(&in_manual(&libtest::told(&problems), &found)),
        }
    }
    trials.push(Trial::test("manual::each_part_has_an_example", {
        let found = Arc::clone(&found);
        move || parts(&found.iter().map(|block| block.text.as_str()).collect::<String>())
    }));
    trials.push(Trial::test("manual::each_key_has_an_example", move || keys(&found)));
    // The demo server needs no hyperd, so the other stage is the one that has something to stop.
    libtest::run(&stages[0], trials)
}

fn blocks(manual: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut heading, mut fence) = ("", None);
    for (index, line) in manual.lines().enumerate() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let folder = FENCES.into_iter().find(|(known, _)| *known == language).map(|(_, folder)| folder);
                fence = Some(folder);
                if let Some(folder) = folder {
                    let stem = format!("line_{}_{}", index + 2, slug(heading));
                    blocks.push(Block { folder, stem, text: "\n".repeat(index + 1) });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some(Some(_)), None) => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            (None, None) if line.starts_with('#') => heading = line,
            _ => {}
        }
    }
    blocks
}

/// A suite for each kind of example; that of the real server has the requirements and the fragments of the real one.
fn lay_out(real: &Path, root: &Path, blocks: &[Block]) -> std::io::Result<()> {
    for (_, folder) in FENCES {
        std::fs::create_dir_all(root.join(folder).join("scenarios").join(folder))?;
    }
    let copies = root.join("manual/scenarios");
    std::fs::create_dir(copies.join("fragments"))?;
    std::fs::copy(real.join("requirements.yaml"), copies.join("requirements.yaml"))?;
    for entry in std::fs::read_dir(real.join("fragments"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), copies.join("fragments").join(entry.file_name()))?;
    }
    blocks.iter().try_for_each(|block| std::fs::write(root.join(block.folder).join(file(block)), &block.text))
}

fn file(block: &Block) -> String {
    format!("scenarios/{}/{}.yaml", block.folder, block.stem)
}

fn trial(case: plan::Case, stage: &Arc<Stage>, found: &Arc<Vec<Block>>) -> Trial {
    let found = Arc::clone(found);
    libtest::trial(case, stage, move |text| in_manual(&text, &found))
}

/// A message about an example as one about the manual.
fn in_manual(text: &str, blocks: &[Block]) -> String {
    blocks.iter().fold(text.to_owned(), |text, block| text.replace(&file(block), MANUAL))
}

/// Each step, matcher and builtin variable stands in an example, where it is not only told of but run.
fn parts(examples: &str) -> Result<(), Failed> {
    let words: BTreeSet<&str> = examples.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').collect();
    let verbs = steps::names().filter(|name| !examples.contains(&format!("- {name}: "))).map(str::to_owned);
    let verbs = verbs.filter(|name| !examples.contains(&format!("- {name}:\n")));
    let matchers = matchers::names().filter(|name| !words.contains(name)).map(str::to_owned);
    let builtins = BUILTINS.map(|name| format!("$({name})")).into_iter().filter(|name| !examples.contains(name));
    let missing: Vec<String> = verbs.chain(matchers).chain(builtins).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!("{MANUAL} has no `yaml` example with {}", missing.join(", "))))
}

/// Where a key stands, and the key.
type Place = (String, String);

/// Each key of the language stands in an example: those of a verb on a step of that verb, those that steps share on any.
///
/// The schema knows them all. A fragment is a file of its own, which no example can be.
fn keys(blocks: &[Block]) -> Result<(), Failed> {
    let schema = schema::generate(&schema::Names::default());
    let mut wanted = BTreeSet::new();
    for place in ["file", "scenario", "server", "needs", "eventually", "error", "protocol_error"] {
        wanted.extend(properties(&schema["$defs"][place]).map(|key| (place.to_owned(), key)));
    }
    let branches = schema["$defs"]["step"]["allOf"].as_array().into_iter().flatten();
    let shared: BTreeSet<String> = branches.flat_map(|branch| properties(&branch["then"])).collect();
    let mut own = BTreeSet::new();
    for verb in steps::ALL {
        let keys = verb.shape().keys;
        own.extend(keys.iter().map(|(key, _)| (*key).to_owned()));
        wanted.extend(keys.into_iter().map(|(key, _)| (verb.name().to_owned(), key.to_owned())));
    }
    let shared = shared.into_iter().filter(|key| !own.contains(key) && steps::find(key).is_none());
    wanted.extend(shared.map(|key| ("step".to_owned(), key)));
    let mut used = BTreeSet::new();
    for block in blocks {
        let source = Source { shown: MANUAL.to_owned(), path: MANUAL.into(), text: block.text.clone() };
        let file = syntax::read(&Arc::new(source), &mut Vec::new()).map(|node| node.to_json());
        collect("file", &file.unwrap_or_default(), &mut used);
    }
    let missing: Vec<String> = wanted.difference(&used).map(|(place, key)| format!("`{key}` of {place}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!("{MANUAL} has no `yaml` example with {}", missing.join(", "))))
}

fn properties(schema: &Value) -> impl Iterator<Item = String> {
    schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone())
}

/// Notes the keys of a map and of those inside it that the language gives a meaning.
fn collect(place: &str, value: &Value, used: &mut BTreeSet<Place>) {
    if let Value::Array(items) = value {
        for item in items {
            collect(place, item, used);
        }
    }
    let Value::Object(map) = value else { return };
    let verb = map.keys().find(|key| place == "step" && steps::find(key).is_some());
    for (key, inner) in map {
        used.insert((place.to_owned(), key.clone()));
        used.extend(verb.map(|verb| (verb.clone(), key.clone())));
        match key.as_str() {
            "scenarios" if place == "file" => collect("scenario", inner, used),
            "steps" | "finally" if place != "step" => collect("step", inner, used),
            "parallel" if place == "step" => collect("step", inner, used),
            "server" | "needs" | "eventually" | "error" | "protocol_error" => collect(key, inner, used),
            _ => {}
        }
    }
}
