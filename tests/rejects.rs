//! Broken scenario files, each beside the message that it must produce: `rejects/x.yaml` and `rejects/x.err`.
//!
//! `HYPER_CONFORM_BLESS=1 cargo test --test rejects` writes the messages anew; the difference is then reviewed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use conformance_tests::golden;
use hyper_conform::suite;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = tests.with_file_name("scenarios");
    let trials = yaml_files(&tests.join("rejects")).into_iter().map(|path| {
        let name = format!("rejects::{}", path.file_stem().unwrap_or_default().to_string_lossy());
        let root = root.clone();
        Trial::test(name, move || check(&root, &path))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

fn check(root: &Path, path: &Path) -> Result<(), Failed> {
    let problems = suite::check_alone(root, path);
    if problems.is_empty() {
        return Err(Failed::from(format!("{} is broken on purpose, and was accepted", path.display())));
    }
    let rendered: Vec<String> = problems.iter().map(|problem| problem.render(false)).collect();
    let folder = path.parent().unwrap_or(path).to_string_lossy().into_owned();
    let actual = rendered.join("\n\n").replace(&format!("{folder}/"), "") + "\n";
    Ok(golden::hold(&path.with_extension("err"), &actual, "rejects")?)
}
