//! `hyper-conform schema`

use std::io::{self, Write};
use std::process::ExitCode;

use hyper_conform::schema::{self, Names};

use super::Stop;

pub(super) fn schema(names: &Names) -> Result<ExitCode, Stop> {
    writeln!(io::stdout(), "{:#}", schema::generate(names))
        .map_err(|error| Stop::Usage(format!("failed to write: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
