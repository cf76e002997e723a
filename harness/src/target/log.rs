//! What the server of one case said beside its answers.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// What the server logged since the case began, and what it did that no step asks about.
#[derive(Debug, Clone, Default)]
pub struct Log {
    bytes: Arc<Mutex<Vec<u8>>>,
    complaints: Arc<Mutex<Vec<Complaint>>>,
}

/// Something that a server must not do at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What it did, as one line.
    pub title: String,
    /// The evidence.
    pub evidence: String,
}

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

    /// Adds a line.
    pub fn line(&self, line: &str) {
        let mut bytes = self.bytes();
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }

    /// Takes note of something that fails the case, whatever its steps say. Only the first of a kind is kept.
    pub fn complain(&self, title: impl Into<String>, evidence: impl Into<String>) {
        let complaint = Complaint { title: title.into(), evidence: evidence.into() };
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.iter().all(|known| known.title != complaint.title) {
            complaints.push(complaint);
        }
    }

    /// Everything that fails the case.
    pub fn complaints(&self) -> Vec<Complaint> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
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
