//! The server's log of one case.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// What the in-process server logged since the case began.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Sends what this thread logs here, until the guard is dropped.
    ///
    /// A case runs on a thread of its own with a runtime of its own, so this thread's log is the case's log.
    #[must_use]
    pub fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let lines = tracing_subscriber::fmt::layer().with_writer(self.clone()).with_ansi(false).with_target(true);
        let filter = Targets::new().with_target("hyperd_mcp", tracing::Level::DEBUG);
        tracing::subscriber::set_default(tracing_subscriber::registry().with(lines).with(filter))
    }

    /// How many bytes were logged.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether nothing was logged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was logged from byte `from` on.
    pub fn since(&self, from: usize) -> String {
        String::from_utf8_lossy(self.bytes().get(from..).unwrap_or_default()).into_owned()
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
