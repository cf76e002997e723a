//! That the daemon is found: its lock and its file are where they belong for as long as it runs, whoever deletes them.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use super::discovery::{self, Announcement, Home};
use crate::{limits, own};

/// A daemon that has announced itself.
pub(super) struct Presence<'a> {
    home: &'a Home,
    lock: Mutex<File>,
    announcement: Mutex<Announcement>,
}

impl<'a> Presence<'a> {
    /// Announces the daemon that holds `lock`.
    pub(super) fn announce(home: &'a Home, lock: File, announcement: Announcement) -> io::Result<Self> {
        home.announce(&announcement)?;
        sign(&lock)?;
        Ok(Self { home, lock: Mutex::new(lock), announcement: Mutex::new(announcement) })
    }

    /// Says that hyperd listens elsewhere now.
    pub(super) fn moved(&self, endpoint: &str) {
        let announcement = {
            let mut announcement = self.announcement.lock().unwrap_or_else(PoisonError::into_inner);
            endpoint.clone_into(&mut announcement.endpoint);
            announcement.clone()
        };
        if let Err(error) = self.home.announce(&announcement) {
            tracing::error!(%error, "the daemon's file could not be written");
        }
    }

    /// Writes again what was deleted or damaged. It ends when another daemon has taken the place.
    pub(super) async fn keep(&self) -> String {
        let mut told = String::new();
        loop {
            tokio::time::sleep(limits::ms(limits::DAEMON_ANNOUNCE_MS)).await;
            match self.look() {
                Ok(true) => told.clear(),
                Ok(false) => return "another daemon has taken its place, because its lock was deleted".to_owned(),
                Err(error) => {
                    let problem = error.to_string();
                    if problem != told {
                        tracing::error!(%error, "the daemon's files were taken away and could not be written again");
                    }
                    told = problem;
                }
            }
        }
    }

    /// Whether the place is still this daemon's.
    fn look(&self) -> io::Result<bool> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.home.running_lock();
        if !own::is_at(&lock, &path) {
            own::make_folder(self.home.folder())?;
            let Some(again) = discovery::try_lock(&path)? else { return Ok(false) };
            sign(&again)?;
            tracing::warn!(path = %path.display(), "the daemon's lock was taken away and is held anew");
            *lock = again;
        }
        let announcement = self.announcement.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.home.read() {
            Ok(read) if read == announcement => {}
            read => {
                self.home.announce(&announcement)?;
                tracing::warn!(why = read.err(), "the daemon's file was not its own and is written anew");
            }
        }
        Ok(true)
    }
}

/// Notes in its lock which process the daemon is: that it has announced itself, and whom to ask for when its file is lost.
fn sign(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.write_all(std::process::id().to_string().as_bytes())
}
