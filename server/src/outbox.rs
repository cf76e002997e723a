//! How much waits to be written to a client, so that one which does not read cannot fill the memory with its answers.

use std::sync::Arc;

use tokio::sync::watch;

use crate::limits;

/// How much waits to be written to a client.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    bytes: Arc<watch::Sender<usize>>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { bytes: Arc::new(watch::Sender::new(0)) }
    }
}

impl Outbox {
    /// Whether a long answer may be begun.
    pub(crate) fn has_room(&self) -> bool {
        *self.bytes.borrow() <= limits::ANSWERS_BYTES_MAX
    }

    /// Waits until a long answer may be begun.
    pub(crate) async fn room(&self) {
        self.at_most(limits::ANSWERS_BYTES_MAX).await;
    }

    /// Waits until no more waits than that.
    pub(crate) async fn at_most(&self, bytes: usize) {
        // The sender lives as long as this, so that waiting never fails.
        let _ = self.bytes.subscribe().wait_for(|waiting| *waiting <= bytes).await;
    }

    /// Counts a message as waiting until what is returned is dropped.
    pub(crate) fn put(&self, bytes: usize) -> Waiting {
        self.bytes.send_modify(|waiting| *waiting += bytes);
        Waiting { outbox: self.clone(), bytes }
    }
}

/// A message that waits to be written; counted until it is, or is given up.
pub(crate) struct Waiting {
    outbox: Outbox,
    bytes: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.outbox.bytes.send_modify(|waiting| *waiting = waiting.saturating_sub(self.bytes));
    }
}
