//! The alarm, tried on releases that are known to differ: a real hyperd behind a proxy that does one thing otherwise.
//!
//! `cargo test -p conformance-tests --test alarm -- --ignored`

mod fake;
mod fault;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hyper_conform::Suite;
use hyper_conform::capabilities::matrix::Matrix;
use hyper_conform::capabilities::release::Subject;
use hyper_conform::capabilities::report::{self, group};
use hyper_conform::capabilities::run::{self, Findings, Settings};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::fault::Fault;

/// A few rows, among them the ones that a fault strikes and ones that come after.
const ROWS: [&str; 2] = ["keys.", "transactions.text_read_beside_"];
/// A hang is told after this. The rows take milliseconds.
const DEADLINE: Duration = Duration::from_secs(3);
const RUN_BY_OWNER_MODE: u32 = 0o700;

fn main() -> ExitCode {
    if let Ok(real) = std::env::var(fake::REAL) {
        return fake::main(&real);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    let Ok(suite) = Suite::load(&root).map(Arc::new) else {
        eprintln!("the scenarios cannot be read: hyper-conform lint");
        return ExitCode::FAILURE;
    };
    let mut trials: Vec<Trial> = fault::ALL
        .into_iter()
        .map(|fault| {
            let suite = Arc::clone(&suite);
            Trial::test(format!("alarm::{}", fault.name()), move || is_told(&suite, fault)).with_ignored_flag(true)
        })
        .collect();
    trials.push(Trial::test("alarm::nothing", move || is_silent(&suite)).with_ignored_flag(true));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The fault is told of its row, as what it is, and nothing is told of any other.
fn is_told(suite: &Suite, fault: Fault) -> Result<(), Failed> {
    let findings = try_fake(suite, Some(fault))?;
    let told: Vec<_> = findings[0].changes.iter().map(|change| (change.id.as_str(), change.kind)).collect();
    let (kind, verdict) = fault.expected();
    let found = (told.as_slice(), group::verdict(&findings));
    if found != (&[(fault.row().0, kind)], verdict) {
        return Err(
            format!("wanted {kind:?} and {verdict:?}, found {found:?}\n{}", report::table::render(&findings)).into()
        );
    }
    Ok(())
}

/// A proxy that changes nothing is no difference.
fn is_silent(suite: &Suite) -> Result<(), Failed> {
    let findings = try_fake(suite, None)?;
    match group::verdict(&findings) {
        group::Verdict::Same if findings[0].unsteady.is_empty() => Ok(()),
        verdict => Err(format!("{verdict:?}\n{}", report::table::render(&findings)).into()),
    }
}

fn try_fake(suite: &Suite, fault: Option<Fault>) -> Result<Vec<Findings>, Failed> {
    let real = Subject::default_one()?;
    let matrix = Matrix::load(&suite.root)?;
    if matrix.recorded(&real.name).is_none() {
        return Err(format!("{} is not recorded: hyper-conform capabilities --record --hyperd {0}", real.name).into());
    }
    let folder = tempfile::tempdir()?;
    let subject = Subject::find(&wrapper(folder.path(), &real.executable, fault)?.to_string_lossy())?;
    let rows = suite.battery.select(&ROWS.map(str::to_owned))?;
    let settings = Settings { against: Some(&real.name), deadline: DEADLINE, ..Settings::new(&suite.root) };
    Ok(run::run(&rows, &[subject], &matrix, settings, |_| {}))
}

/// An executable that is this program as a hyperd.
fn wrapper(folder: &Path, real: &Path, fault: Option<Fault>) -> Result<PathBuf, Failed> {
    let path = folder.join("hyperd");
    let me = std::env::current_exe()?;
    let name = fault.map(Fault::name).unwrap_or_default();
    let script = format!(
        "#!/bin/sh\n{}='{}' {}='{name}' exec '{}' \"$@\"\n",
        fake::REAL,
        real.display(),
        fake::FAULT,
        me.display()
    );
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(RUN_BY_OWNER_MODE))?;
    Ok(path)
}
