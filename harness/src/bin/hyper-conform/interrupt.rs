//! Ctrl-C: the first one lets what runs end and the reports be written, the second one ends what runs with all that it
//! started, the third one the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

/// What a shell reports of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Whether somebody has asked the run to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens from now on to Ctrl-C and to what asks a program to end.
    ///
    /// The second time, `end` is cancelled.
    pub(super) fn listen(end: CancellationToken) -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let set = ctrlc::set_handler(move || match heard.0.fetch_add(1, Ordering::Relaxed) {
            0 => eprintln!("\nstopping: what runs may end, nothing more begins; once more ends it at once"),
            1 => end.cancel(),
            _ => std::process::exit(INTERRUPTED),
        });
        if let Err(error) = set {
            eprintln!("warning: Ctrl-C will end the run without reports: {error}");
        }
        interrupt
    }

    /// Whether the run should stop.
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}
