//! What accompanies one call from the protocol's edge down to hyperd: cancellation, deadline and progress.

use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::error::{Code, Error};
use crate::limits;
use crate::outbox::Outbox;

/// How far a long call has come.
#[derive(Debug, Clone)]
pub struct Update {
    /// Work done so far; grows with each update.
    pub done: f64,
    /// All the work there is, where that is known.
    pub total: Option<f64>,
    /// What is being done, for people.
    pub message: String,
}

/// A database file as it is on disk at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDisk {
    /// Device and inode, which tell the file from another one that took its path.
    pub file: (u64, u64),
    /// The beginning of the file, which changes when hyperd writes it out.
    pub root: Vec<u8>,
}

/// A file that a call has changed, and that hyperd has not written out yet as far as the call knows.
#[derive(Debug, Clone)]
pub struct Unwritten {
    /// Which hyperd made the change.
    pub epoch: u64,
    /// The path under which hyperd has the file.
    pub attached_as: PathBuf,
    /// The file before the change.
    pub before: OnDisk,
    /// Whether there is a change for certain: a statement that failed, or that found nothing to do, may have made none.
    pub certain: bool,
    /// When the change was made.
    pub since: Instant,
}

/// That a call holds a connection. Dropping it says that the call holds none any more.
#[derive(Debug)]
pub struct InHand(Arc<AtomicBool>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// One call: whoever works for it stops when it is cancelled, and reports progress through it.
#[derive(Debug, Clone)]
pub struct Call {
    cancelled: CancellationToken,
    stopping: CancellationToken,
    statement_deadline: Duration,
    client: Option<String>,
    progress: Option<UnboundedSender<Update>>,
    /// Where its answer goes, of a call whose answer may be long.
    outbox: Option<Outbox>,
    unwritten: Arc<Mutex<HashMap<PathBuf, Unwritten>>>,
    /// Whether the call holds a connection.
    connection: Arc<AtomicBool>,
}

impl Call {
    /// A call that `cancelled` ends early and of which each statement may run for `statement_deadline`.
    pub fn new(cancelled: CancellationToken, statement_deadline: Duration) -> Self {
        Self {
            cancelled,
            stopping: CancellationToken::new(),
            statement_deadline,
            client: None,
            progress: None,
            outbox: None,
            unwritten: Arc::default(),
            connection: Arc::default(),
        }
    }

    /// Ends with the server, too, when `stopping` is cancelled.
    #[must_use]
    pub fn until(mut self, stopping: CancellationToken) -> Self {
        self.stopping = stopping;
        self
    }

    /// A call of the client that calls itself `name`.
    #[must_use]
    pub fn of_client(mut self, name: &str) -> Self {
        let printable = name.chars().filter(|c| !c.is_control());
        self.client = Some(printable.take(limits::CLIENT_NAME_CHARS_MAX).collect());
        self
    }

    /// A call that waits with its work while its client leaves answers unread.
    #[must_use]
    pub(crate) fn answering_into(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Whether the client has read enough of what was answered for another long answer.
    pub(crate) fn has_room(&self) -> bool {
        self.outbox.as_ref().is_none_or(Outbox::has_room)
    }

    /// Waits until it has.
    pub(crate) async fn room(&self) -> Result<(), Error> {
        match &self.outbox {
            Some(outbox) if !outbox.has_room() => self.race(outbox.room()).await,
            _ => Ok(()),
        }
    }

    /// Does work of the processor's: where there is much of it, beside the other calls and not before them.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        if bytes <= limits::SQL_BYTES_AT_ONCE {
            return Ok(work());
        }
        let done = self.race(tokio::task::spawn_blocking(work)).await?;
        done.map_err(|error| Error::internal(format!("The work of a call ended: {error}.")))
    }

    /// What the client calls itself, where it said so.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// For one of several works that the call does side by side: each holds a connection of its own, and only the call
    /// itself reports progress.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { progress: None, connection: Arc::default(), ..self.clone() }
    }

    /// For what is left to do once the work is done: the client cannot cancel that any more.
    #[must_use]
    pub fn aftermath(&self) -> Self {
        Self {
            client: self.client.clone(),
            unwritten: Arc::clone(&self.unwritten),
            connection: Arc::clone(&self.connection),
            ..Self::housekeeping()
        }
    }

    /// Says that the call holds a connection from now on.
    ///
    /// # Errors
    ///
    /// As [`Call::may_wait`].
    pub fn take_in_hand(&self) -> Result<InHand, Error> {
        if self.connection.swap(true, Ordering::AcqRel) {
            return Err(Self::would_wait());
        }
        Ok(InHand(Arc::clone(&self.connection)))
    }

    /// Refuses to wait for a lock or a connection with a connection in hand. There are few connections, so calls that
    /// did so could all wait for each other; as it is refused each time, and not only under load, no such call can be
    /// written without every test of it failing.
    ///
    /// # Errors
    ///
    /// `INTERNAL_ERROR`.
    pub fn may_wait(&self) -> Result<(), Error> {
        if self.connection.load(Ordering::Acquire) { Err(Self::would_wait()) } else { Ok(()) }
    }

    fn would_wait() -> Error {
        Error::internal("A call that holds a connection was about to wait for a lock or for another connection.")
    }

    /// Notes that the call has changed a file, which is to be on disk before the call is answered as done.
    pub fn changed(&self, path: &Path, unwritten: Unwritten) {
        let mut all = self.lock_unwritten();
        match all.get_mut(path) {
            None => {
                all.insert(path.to_owned(), unwritten);
            }
            // What one hyperd changed is not on disk because its successor wrote the file.
            Some(known) if known.epoch != unwritten.epoch => {}
            Some(known) => {
                // Where the file is another than before, the earlier change is in it.
                let certain = unwritten.certain || (known.certain && known.before == unwritten.before);
                *known = Unwritten { certain, since: known.since, ..unwritten };
            }
        }
    }

    /// The files that were noted, each once.
    pub fn take_unwritten(&self) -> Vec<(PathBuf, Unwritten)> {
        self.lock_unwritten().drain().collect()
    }

    fn lock_unwritten(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Unwritten>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of the server's own, for what no client asked for.
    pub fn housekeeping() -> Self {
        Self::new(CancellationToken::new(), limits::ms(limits::HOUSEKEEPING_DEADLINE_MS))
    }

    /// Sends progress to the receiver that is returned; it ends with the call's last clone.
    pub fn with_progress(mut self) -> (Self, UnboundedReceiver<Update>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.progress = Some(sender);
        (self, receiver)
    }

    /// Reports progress, if anyone listens.
    pub fn report(&self, done: f64, total: Option<f64>, message: impl Into<String>) {
        if let Some(progress) = &self.progress {
            // A client that has gone away misses nothing that it could still use.
            let _ = progress.send(Update { done, total, message: message.into() });
        }
    }

    /// Whether somebody listens to [`Call::report`], for progress that costs something to find out.
    pub fn wants_progress(&self) -> bool {
        self.progress.is_some()
    }

    /// Whether the call was cancelled; long work outside of hyperd asks now and then.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled() || self.stopping.is_cancelled()
    }

    /// The error of a call that was found to be cancelled.
    pub fn cancelled_error() -> Error {
        Error::new(Code::Cancelled, "The call was cancelled; nothing more was done for it.")
    }

    /// Ends with the reason when the call is cancelled or has waited for its statement's deadline from now on.
    pub async fn interrupted(&self) -> Error {
        tokio::select! {
            () = self.cancelled.cancelled() => Self::cancelled_error(),
            () = self.stopping.cancelled() => Self::cancelled_error(),
            () = tokio::time::sleep(self.statement_deadline) => self.overdue(),
        }
    }

    /// Waits for `work`, or drops it when the call is interrupted. Not for statements: hyperd would go on with them.
    pub async fn race<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            reason = self.interrupted() => Err(reason),
        }
    }

    fn overdue(&self) -> Error {
        Error::new(
            Code::Timeout,
            format!("The deadline of {} s for one statement passed.", self.statement_deadline.as_secs_f64()),
        )
        .suggest("Make the statement do less (filter, aggregate, fewer rows) or raise --statement-deadline.")
    }
}

/// Lets work come to its end, or to its own clean-up, even if nobody waits for it any more.
///
/// # Errors
///
/// Those of the work; `INTERNAL_ERROR` where it panicked.
pub async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let ended = tokio::spawn(work.in_current_span()).await;
    ended.map_err(|error| Error::internal(format!("The work of a call stopped: {error}.")))?
}
