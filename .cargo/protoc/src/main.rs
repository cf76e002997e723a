//! Runs the `protoc` that the crate `protoc-bin-vendored` carries, with its own includes.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("protoc wrapper: {message}; install protoc and set PROTOC to its path");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let protoc = protoc_bin_vendored::protoc_bin_path().map_err(|error| error.to_string())?;
    let include = protoc_bin_vendored::include_path().map_err(|error| error.to_string())?;
    let status = Command::new(protoc)
        .args(std::env::args_os().skip(1))
        .arg("-I")
        .arg(include)
        .status()
        .map_err(|error| format!("failed to start the vendored protoc: {error}"))?;
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        code => ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
    })
}
