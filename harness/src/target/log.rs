//! What the server of one case said beside its answers.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Most of what one case's server logs that is kept, in bytes; of more, the end is.
const LOG_BYTES_MAX: usize = 4 << 20;

/// What the server logged since the case began, and what it did that no step asks about.
#[derive(Debug, Clone, Default)]
pub struct Log {
    kept: Arc<Mutex<Kept>>,
    complaints: Arc<Mutex<Vec<Complaint>>>,
}

/// The end of a log.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    /// How many bytes there were before.
    dropped: usize,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > LOG_BYTES_MAX {
            // By halves, so that it is not done for each line.
            let excess = self.bytes.len() - LOG_BYTES_MAX / 2;
            self.bytes.drain(..excess);
            self.dropped += excess;
        }
    }
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
        let kept = self.kept();
        kept.dropped + kept.bytes.len()
    }

    /// Whether nothing was logged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was logged from byte `from` on; where not all of that is kept, it says so first.
    pub fn since(&self, from: usize) -> String {
        let kept = self.kept();
        let Some(lost) = kept.dropped.checked_sub(from).filter(|lost| *lost > 0) else {
            return String::from_utf8_lossy(kept.bytes.get(from - kept.dropped..).unwrap_or_default()).into_owned();
        };
        format!("({lost} bytes before this are not kept)\n{}", String::from_utf8_lossy(&kept.bytes))
    }

    /// Adds a line.
    pub fn line(&self, line: &str) {
        let mut kept = self.kept();
        kept.push(line.as_bytes());
        kept.push(b"\n");
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

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept().push(bytes);
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

#[cfg(test)]
mod tests {
    use super::{LOG_BYTES_MAX, Log};

    #[test]
    fn of_a_log_without_end_the_end_is_kept_and_the_rest_is_counted() {
        let log = Log::default();
        let line = "x".repeat(1023);
        let lines = LOG_BYTES_MAX / 1024 * 3;
        for _ in 0..lines {
            log.line(&line);
        }
        log.line("the last one");
        assert_eq!(log.len(), lines * 1024 + 13);
        let all = log.since(0);
        assert!(all.len() <= LOG_BYTES_MAX + 100, "{}", all.len());
        assert!(all.starts_with('(') && all.contains("bytes before this are not kept)"), "{}", &all[..100]);
        assert!(all.ends_with("the last one\n"));
        assert_eq!(log.since(log.len() - 13), "the last one\n");
        assert_eq!(log.since(log.len() + 5), "");
    }
}
