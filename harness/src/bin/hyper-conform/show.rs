//! `hyper-conform show`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::{Suite, plan, show};

use super::{Picked, Stop};

pub(super) fn show(picked: &Picked, suite: &Suite) -> Result<ExitCode, Stop> {
    let cases = plan::select(suite, &picked.selection()).map_err(Stop::Usage)?;
    let mut out = io::stdout().lock();
    for (index, case) in cases.iter().enumerate() {
        // One file is one document; several are told apart by a blank line and their first comment.
        let between = if index == 0 { "" } else { "\n" };
        if write!(out, "{between}{}", show::case(case)).is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
