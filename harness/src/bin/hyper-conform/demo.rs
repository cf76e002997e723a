//! `hyper-conform demo`

use std::process::ExitCode;

use hyper_conform::target::Demo;

use super::Stop;

pub(super) fn demo() -> Result<ExitCode, Stop> {
    let failed = |error: std::io::Error| Stop::CouldNotRun(format!("failed to start a runtime: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let served = runtime.block_on(Demo::serve_stdio());
    served.map(|()| ExitCode::SUCCESS).map_err(Stop::CouldNotRun)
}
