//! What the system reports about a watched folder.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{ModifyKind, RenameMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::names::ready_name;
use crate::error::{Code, Error};
use crate::files;

/// `EMFILE`, which the system also answers where a user has too many inotify instances.
const TOO_MANY_OPEN: i32 = 24;

/// Files that were reported as ready.
#[derive(Debug)]
pub(super) struct Events {
    shared: Arc<Shared>,
    _watcher: RecommendedWatcher,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    wake: Notify,
}

/// What was reported since the last look.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Files that are ready.
    pub(super) names: BTreeSet<OsString>,
    /// Something may have been missed.
    pub(super) incomplete: bool,
}

impl Events {
    /// Listens to `directory` until it is dropped.
    pub(super) fn of(directory: &Path) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let (told, itself) = (Arc::clone(&shared), directory.to_owned());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| told.take(event, &itself))
            .map_err(|error| refused(directory, &error))?;
        watcher.watch(directory, RecursiveMode::NonRecursive).map_err(|error| refused(directory, &error))?;
        Ok(Self { shared, _watcher: watcher })
    }

    /// Waits until something was reported.
    pub(super) async fn next(&self) -> Seen {
        loop {
            let seen = std::mem::take(&mut *self.shared.lock());
            if seen.incomplete || !seen.names.is_empty() {
                return seen;
            }
            self.shared.wake.notified().await;
        }
    }
}

impl Shared {
    fn take(&self, event: notify::Result<Event>, directory: &Path) {
        {
            let mut seen = self.lock();
            match event {
                Ok(event) if event.need_rescan() || takes_away(&event, directory) => seen.incomplete = true,
                Ok(event) if brings_something(event.kind) => {
                    seen.names.extend(event.paths.iter().filter_map(|path| ready_name(path)));
                }
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "events of a watched folder were missed");
                    seen.incomplete = true;
                }
            }
        }
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the folder itself may be gone.
fn takes_away(event: &Event, directory: &Path) -> bool {
    let goes = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
    goes && event.paths.iter().any(|path| path == directory)
}

fn brings_something(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) => true,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => false,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        _ => false,
    }
}

fn refused(directory: &Path, error: &notify::Error) -> Error {
    let exhausted = match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => error.raw_os_error() == Some(TOO_MANY_OPEN),
        _ => false,
    };
    let directory = directory.display();
    if exhausted {
        let message = format!("{directory} cannot be watched: the system lets this user watch no more folders.");
        return Error::new(Code::ResourceBusy, message).suggest(
            "Unwatch other folders, end other programs that watch, or raise fs.inotify.max_user_instances and \
             fs.inotify.max_user_watches.",
        );
    }
    if let ErrorKind::Io(error) = &error.kind {
        return files::refused(format!("{directory} cannot be watched"), error);
    }
    Error::new(Code::IoError, format!("{directory} cannot be watched: {error}."))
        .suggest("Check that it is a folder of a file system that reports changes, and that the server may read it.")
}
