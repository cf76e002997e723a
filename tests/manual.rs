//! The manual's examples run: each fenced `yaml` block of `scenarios/README.md` is a whole scenario file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::suite::slug;
use hyper_conform::target::{Demo, Duplex};
use hyper_conform::vars::BUILTINS;
use hyper_conform::{Stage, Suite, libtest, matchers, plan, steps};
use libtest_mimic::{Failed, Trial};

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
    let examples: String = found.iter().map(|block| block.text.as_str()).collect();
    trials.push(Trial::test("manual::each_part_has_an_example", move || complete(&examples)));
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
fn complete(examples: &str) -> Result<(), Failed> {
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
