//! Files before and after they are blessed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use conformance_tests::golden;
use hyper_conform::bless::{Blessing, bless};
use hyper_conform::{Engines, Stage, Suite, Verdict, libtest, plan, run_all};
use libtest_mimic::{Failed, Trial};

use super::mirror;

/// One case at a time, so that `next` counts in the order of the file.
const ONE: std::num::NonZero<usize> = std::num::NonZero::<usize>::MIN;

/// More runs than this, and what is mended is undone again and again.
const RUNS_MAX: usize = 20;

/// The fragment that a case may bring along.
const FRAGMENT: &str = "shared";

pub(super) fn trials() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bless/cases");
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut trials: Vec<Trial> = entries
        .filter_map(|path| {
            let stem = path.file_name()?.to_str()?.strip_suffix(".yaml").filter(|stem| !stem.contains('.'))?;
            let name = format!("bless::{stem}");
            Some(Trial::test(name, move || check(&path)))
        })
        .collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    trials.push(Trial::test("bless::a_file_that_changed_meanwhile_is_left", changed_meanwhile));
    trials
}

fn check(path: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("scenarios");
    let copies = lay_out(path, &root)?;
    let stage = Stage::new(Arc::new(mirror::target()), Engines::default(), &root, false);
    let (blessing, runs) = blessed(&root, &stage)?;
    blessing.write()?;
    let left: String = blessing.left.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    golden::hold(&path.with_extension("left"), &left, "bless")?;
    for (original, copy) in &copies {
        let (before, after) = (fs::read_to_string(original)?, fs::read_to_string(copy)?);
        golden::hold(&original.with_extension("blessed.yaml"), if before == after { "" } else { &after }, "bless")?;
    }
    let green = blessing.reports.iter().all(|report| matches!(report.verdict, Verdict::Pass));
    if green != left.is_empty() {
        return Err(Failed::from(format!("green is {green}, and left is\n{left}")));
    }
    if runs > RUNS_MAX {
        return Err(Failed::from(format!("it took {runs} runs")));
    }
    stays(&root, &stage)
}

/// The suite of a case: its file, and its fragment if it has one. Each with the place of its copy.
fn lay_out(path: &Path, root: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Failed> {
    let fragment = path.with_extension("fragment.yaml");
    let places = [(path.to_owned(), "area", "file"), (fragment, "fragments", FRAGMENT)];
    let mut copies = Vec::new();
    for (original, folder, name) in places {
        if original.exists() {
            fs::create_dir_all(root.join(folder))?;
            let copy = root.join(folder).join(format!("{name}.yaml"));
            fs::copy(&original, &copy)?;
            copies.push((original, copy));
        }
    }
    Ok(copies)
}

/// What is blessed, and how often cases were run again.
fn blessed(root: &Path, stage: &Stage) -> Result<(Blessing, usize), Failed> {
    let suite = Suite::load(root).map_err(|problems| Failed::from(libtest::told(&problems)))?;
    let first = run_all(&plan::cases(&suite), stage, ONE, |_| true);
    let mut runs = 0;
    let blessing = bless(root, first, &mut |cases| {
        runs += 1;
        Some(run_all(cases, stage, ONE, |_| true))
    })?;
    Ok((blessing, runs))
}

/// What was blessed is read and run anew from its files, and then there is nothing more to bless.
fn stays(root: &Path, stage: &Stage) -> Result<(), Failed> {
    let (second, _) = blessed(root, stage)?;
    match second.files.as_slice() {
        [] => Ok(()),
        [file, ..] => Err(Failed::from(format!("a second time changes\n{}", file.diff()))),
    }
}

/// Of two files one is changed by somebody else while the scenarios run, and both stay.
fn changed_meanwhile() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("scenarios");
    fs::create_dir_all(root.join("area"))?;
    let text = "feature: F\nscenarios:\n  - scenario: a\n    steps:\n      - call: give\n        with: { answer: { a: 1 } }\n        expect: { a: 2 }\n";
    let [first, second] = ["first", "second"].map(|name| root.join("area").join(format!("{name}.yaml")));
    fs::write(&first, text)?;
    fs::write(&second, text)?;
    let stage = Stage::new(Arc::new(mirror::target()), Engines::default(), &root, false);
    let (blessing, _) = blessed(&root, &stage)?;
    let other = format!("{text}# somebody else's\n");
    fs::write(&second, &other)?;
    let said = blessing.write().err().unwrap_or_default();
    if !said.contains("second.yaml was changed while its scenarios ran, so nothing was written") {
        return Err(Failed::from(format!("it says `{said}`")));
    }
    if fs::read_to_string(&first)? == text && fs::read_to_string(&second)? == other {
        Ok(())
    } else {
        Err(Failed::from("a file was written"))
    }
}
