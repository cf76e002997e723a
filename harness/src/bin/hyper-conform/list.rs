//! `hyper-conform list`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::target::expected::Reading;
use hyper_conform::{Engines, Stage, Suite, plan};

use super::{Picked, Stop, expected};

pub(super) fn list(picked: &Picked, suite: &Suite) -> Result<ExitCode, Stop> {
    let cases = plan::select(suite, &picked.selection()).map_err(Stop::Usage)?;
    let stage = Stage::new(picked.target.find(suite)?, Engines::default(), &suite.root, false);
    let expected = expected::load(&expected::known(suite, &stage), stage.target.as_ref(), Reading::Strict)?;
    let mut out = io::stdout().lock();
    for case in &cases {
        let scenario = case.scenario();
        let note = match (&scenario.ignore, stage.unmet(scenario, None), expected.reason(&case.id)) {
            (Some(_), ..) => " (ignored)".to_owned(),
            (None, Some(reason), _) => format!(" (not applicable: {reason})"),
            (None, None, Some(reason)) => format!(" (expected to fail: {reason})"),
            (None, None, None) => String::new(),
        };
        if writeln!(out, "{}{note}", case.id).is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
