//! The manual's examples run: each fenced `yaml` block of `scenarios/README.md` is a whole scenario file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::suite::slug;
use hyper_conform::target::Duplex;
use hyper_conform::vars::BUILTINS;
use hyper_conform::{Engines, Stage, Suite, Verdict, jobs_default, matchers, plan, report, run, steps};
use libtest_mimic::{Arguments, Failed, Trial};

/// The path that messages show.
const MANUAL: &str = "scenarios/README.md";

/// One example.
struct Block {
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
        let root = folder.path().join("scenarios");
        lay_out(&real, &root, &found)?;
        Ok((found, root, folder))
    });
    let (found, root, _folder) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return refuse(&format!("failed to read {MANUAL}, or to lay its examples out: {error}")),
    };
    let suite = match Suite::load(&root) {
        Ok(suite) => suite,
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
            return refuse(&in_manual(&shown.join("\n\n"), &found));
        }
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(jobs_default().get()));
    let stage = Arc::new(Stage::new(Arc::new(Duplex), Engines::default(), &real, false));
    let examples: String = found.iter().map(|block| block.text.as_str()).collect();
    let found = Arc::new(found);
    let mut trials: Vec<Trial> = plan::cases(&suite).into_iter().map(|case| trial(case, &stage, &found)).collect();
    trials.push(Trial::test("manual::each_part_has_an_example", move || complete(&examples)));
    let conclusion = libtest_mimic::run(&arguments, trials);
    stage.engines.stop();
    conclusion.exit_code()
}

/// Not on stdout: a runner that lists tests reads every line of it.
fn refuse(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::FAILURE
}

fn blocks(manual: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut heading, mut fence) = ("", None);
    for (index, line) in manual.lines().enumerate() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(language)) => {
                fence = Some(language);
                if language == "yaml" {
                    let stem = format!("line_{}_{}", index + 2, slug(heading));
                    blocks.push(Block { stem, text: "\n".repeat(index + 1) });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("yaml"), None) => {
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

/// A suite of the examples, with the requirements and the fragments of the real one.
fn lay_out(real: &Path, root: &Path, blocks: &[Block]) -> std::io::Result<()> {
    std::fs::create_dir_all(root.join("manual"))?;
    std::fs::create_dir(root.join("fragments"))?;
    std::fs::copy(real.join("requirements.yaml"), root.join("requirements.yaml"))?;
    for entry in std::fs::read_dir(real.join("fragments"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), root.join("fragments").join(entry.file_name()))?;
    }
    blocks.iter().try_for_each(|block| std::fs::write(root.join(file(block)), &block.text))
}

fn file(block: &Block) -> String {
    format!("manual/{}.yaml", block.stem)
}

fn trial(case: plan::Case, stage: &Arc<Stage>, found: &Arc<Vec<Block>>) -> Trial {
    let (stage, found) = (Arc::clone(stage), Arc::clone(found));
    let ignored = case.scenario().ignore.is_some() || stage.unmet(case.scenario(), None).is_some();
    Trial::test(case.id.clone(), move || {
        let report = run::run_case(&case, &stage);
        match report.verdict {
            Verdict::Pass | Verdict::Ignored(_) | Verdict::NotApplicable(_) | Verdict::ExpectedFailure { .. } => Ok(()),
            Verdict::Fail(_) | Verdict::CouldNotRun(_) => {
                let text = in_manual(&report::failure::render(&report, false), &found);
                let again = format!("cargo test --test manual -- --exact '{}'", report.id);
                Err(Failed::from(text.replace(&report.again, &again)))
            }
        }
    })
    .with_ignored_flag(ignored)
}

/// A message about an example as one about the manual.
fn in_manual(text: &str, blocks: &[Block]) -> String {
    blocks.iter().fold(text.to_owned(), |text, block| text.replace(&format!("scenarios/{}", file(block)), MANUAL))
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
