//! Ctrl-C: the first one lets what runs end and the reports be written, the second one ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell reports of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Whether somebody has asked the run to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on to Ctrl-C and to what asks a program to end.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let set = ctrlc::set_handler(move || {
            if heard.0.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            eprintln!("\nstopping: what runs may end, nothing more begins; once more ends it at once");
        });
        if let Err(error) = set {
            eprintln!("warning: Ctrl-C will end the run without reports: {error}");
        }
        interrupt
    }

    /// Whether the run should stop.
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
