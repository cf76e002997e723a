//! `hyper-conform list`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::{Suite, plan};

use super::{Picked, Stop};

pub(super) fn list(picked: &Picked, suite: &Suite) -> Result<ExitCode, Stop> {
    let cases = plan::select(suite, &picked.selection()).map_err(Stop::Usage)?;
    let mut out = io::stdout().lock();
    for case in &cases {
        let ignored = if case.scenario().ignore.is_some() { " (ignored)" } else { "" };
        if writeln!(out, "{}{ignored}", case.id).is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
