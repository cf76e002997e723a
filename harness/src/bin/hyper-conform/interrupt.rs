//! Ctrl-C, and being told to stop: cases that run are ended with all that they started.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

/// What a shell makes of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Cancels `token` at the first interrupt, and ends the program at the second.
pub(super) fn listen(token: CancellationToken) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            interrupted().await;
            eprintln!("\ninterrupted: ending what runs; once more to leave at once");
            token.cancel();
            interrupted().await;
            std::process::exit(INTERRUPTED.into());
        });
    });
}

/// The exit code of a run that was interrupted.
pub(super) fn exit_code() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        // Without these, the signals do what they do to any program.
        _ => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
