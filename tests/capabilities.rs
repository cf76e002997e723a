//! What Hyper can do, one trial a row, on the hyperd that a run would use:
//! `cargo test -p conformance-tests --test capabilities -- --ignored`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use hyper_conform::Suite;
use hyper_conform::capabilities::release::Subject;
use hyper_conform::capabilities::{Lab, fit, matrix, report};
use libtest_mimic::{Arguments, Failed, Trial};

thread_local! {
    /// A row may take its hyperd down: each thread of the run has its own.
    static LAB: RefCell<Option<Lab>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let suite = match Suite::load(&root) {
        Ok(suite) => Arc::new(suite),
        Err(problems) => {
            for problem in problems {
                eprintln!("{}\n", problem.render(false));
            }
            return ExitCode::FAILURE;
        }
    };
    let rows = suite.battery.rows().enumerate().map(|(index, row)| {
        let (suite, name) = (Arc::clone(&suite), format!("capabilities::{}", row.id));
        Trial::test(name, move || try_row(&suite, index)).with_ignored_flag(true)
    });
    let mut trials: Vec<Trial> = rows.collect();
    let shown = Arc::clone(&suite);
    trials.push(Trial::test("capabilities::pages_show_the_matrix", move || pages(&shown)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn try_row(suite: &Suite, index: usize) -> Result<(), Failed> {
    let row = suite.battery.rows().nth(index).ok_or("the row is gone")?;
    let outcome = LAB.with_borrow_mut(|slot| {
        let lab = match slot {
            Some(lab) => lab,
            None => slot.insert(Lab::new(&Subject::default_one()?.executable, &suite.root)?),
        };
        lab.run(row)
    })?;
    match fit::misfits(row, &outcome) {
        misfits if misfits.is_empty() => Ok(()),
        misfits => Err(Failed::from(fit::render(row, &outcome, &misfits))),
    }
}

/// The page and README's table are made of the recorded matrix and of nothing else.
fn pages(suite: &Suite) -> Result<(), Failed> {
    let matrix = matrix::Matrix::load(&suite.root)?;
    let stale =
        |path: PathBuf| Failed::from(format!("{} is stale: hyper-conform capabilities --record", path.display()));
    let page = matrix::page(&suite.root);
    if std::fs::read_to_string(&page)? != report::html::render(&suite.battery, &matrix, &[]) {
        return Err(stale(page));
    }
    let readme = suite.root.with_file_name("README.md");
    let text = std::fs::read_to_string(&readme)?;
    if report::readme::put(&text, &report::readme::table(&suite.battery, &matrix))? != text {
        return Err(stale(readme));
    }
    Ok(())
}
