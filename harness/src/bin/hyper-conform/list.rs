//! `hyper-conform list`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::target::Demands;
use hyper_conform::{Suite, plan};

use super::{Picked, Stop};

pub(super) fn list(picked: &Picked, suite: &Suite) -> Result<ExitCode, Stop> {
    let cases = plan::select(suite, &picked.selection()).map_err(Stop::Usage)?;
    let target = picked.target(suite)?;
    let mut out = io::stdout().lock();
    for case in &cases {
        let scenario = case.scenario();
        let note = match (&scenario.ignore, target.cannot(&Demands::of(scenario))) {
            (Some(_), _) => " (ignored)".to_owned(),
            (None, Some(reason)) => format!(" (not applicable: {reason})"),
            (None, None) => String::new(),
        };
        if writeln!(out, "{}{note}", case.id).is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
