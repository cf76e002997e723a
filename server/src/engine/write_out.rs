//! That what a call changed is on disk before it is answered as done.
//!
//! hyperd writes a file out when its last connection lets go of it, and keeps all changes in memory until then. So each
//! call that changed a file waits for that moment: connections of this server that are idle let go at once, those of
//! other calls when they are done, and those of other servers shortly after their last use of the file.
//!
//! hyperd says to whoever lets go last whether it could write, and to nobody else. What counts as proof that a change is
//! on disk:
//! - The file is the one that was changed, and hyperd's note at its beginning differs from what it was before the change.
//!   For as long as a connection holds the file nobody writes it, so that the first difference is the write that has the
//!   change in it.
//! - No connection of this server was told meanwhile that hyperd could not save the file.
//! - The hyperd that made the change still runs.
//!
//! A change is lost where the note is as before although nobody holds the file any more: another server was the last one
//! then, and was told.

use std::path::Path;
use std::time::Instant;

use super::changes::replaced;
use super::connection::detach;
use super::disk::{Disk, Seen};
use super::error::{INCOMPATIBLE_MODE, translate};
use super::pool::Engine;
use crate::call::{Call, Unwritten};
use crate::error::{Code, Error};
use crate::limits;
use crate::sql;

/// The alias of a file while somebody looks whether it is held.
const ALIAS: &str = "hyperd_mcp_look";

/// Whether all that a call changed is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenOut {
    /// It is.
    Whole,
    /// Others went on using a file for so long that waiting was given up. It is written when they are done.
    Later,
}

impl Engine {
    /// Waits until each file that `call` changed is on disk. The caller holds no connection.
    ///
    /// # Errors
    ///
    /// What was changed is lost: `DISK_FULL` or `IO_ERROR` where hyperd could not save it or the file was replaced,
    /// `CONNECTION_LOST` where hyperd died before that.
    pub async fn write_out(&self, call: &Call) -> Result<WrittenOut, Error> {
        let mut outcome = WrittenOut::Whole;
        for (path, change) in call.take_unwritten() {
            let written = self.write_file_out(&path, &change).await;
            if !matches!(written, Ok(WrittenOut::Later)) {
                self.idle().gates.of(&path).open();
            }
            if written? == WrittenOut::Later {
                outcome = WrittenOut::Later;
            }
        }
        Ok(outcome)
    }

    /// Whether a change was answered that is not on disk yet, because others went on using the file.
    pub fn is_unwritten(&self, path: &Path) -> bool {
        self.disk().is_unwritten(path)
    }

    /// The changes that were answered before they were on disk and were lost afterwards, a sentence each.
    pub fn lost_changes(&self) -> Vec<String> {
        self.disk().lost()
    }

    async fn write_file_out(&self, path: &Path, change: &Unwritten) -> Result<WrittenOut, Error> {
        let began = Instant::now();
        let mut pause = limits::ms(limits::WRITE_OUT_PAUSE_MIN_MS);
        let mut round = 0;
        loop {
            self.idle().let_go(Instant::now(), |held| held.real == path).await;
            if self.is_written(path, change).await? {
                return Ok(WrittenOut::Whole);
            }
            // A connection of a call that has just ended lets go a moment later, so that the first round asks nobody.
            if round > 0 && !self.is_held(path, &change.attached_as).await? {
                self.confirm(change.epoch).await?;
                return if self.is_written(path, change).await? || !change.certain {
                    Ok(WrittenOut::Whole)
                } else {
                    Err(lost_elsewhere(path))
                };
            }
            if began.elapsed() > limits::ms(limits::WRITE_OUT_DEADLINE_MS) {
                self.disk().answered_unwritten(path, change.clone());
                tracing::warn!(path = %path.display(), "others use a database for so long that a change of it is answered before it is on disk");
                return Ok(WrittenOut::Later);
            }
            if began.elapsed() > limits::ms(limits::GATE_PATIENCE_MS) {
                self.idle().gates.of(path).close();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(limits::ms(limits::WRITE_OUT_PAUSE_MAX_MS));
            round += 1;
        }
    }

    /// Waits until nobody has the file attached, so that whoever attaches it next sees what is on disk and nothing else.
    /// False where others go on using it.
    ///
    /// # Errors
    ///
    /// hyperd cannot be reached.
    pub async fn settle_file(&self, path: &Path, attached_as: &Path) -> Result<bool, Error> {
        let began = Instant::now();
        loop {
            self.idle().let_go(Instant::now(), |held| held.real == path).await;
            if !self.is_held(path, attached_as).await? {
                return Ok(true);
            }
            if began.elapsed() > limits::ms(limits::WRITE_OUT_DEADLINE_MS) {
                return Ok(false);
            }
            tokio::time::sleep(limits::ms(limits::WRITE_OUT_PAUSE_MAX_MS)).await;
        }
    }

    /// Whether a change is on disk.
    ///
    /// # Errors
    ///
    /// It never will be.
    async fn is_written(&self, path: &Path, change: &Unwritten) -> Result<bool, Error> {
        let seen = Disk::look(path, &change.before);
        if let Some(error) = self.disk().failure_since(path, change.since) {
            return Err(error);
        }
        match seen {
            Seen::AsBefore | Seen::Unknown => Ok(false),
            // hyperd's successor writes the file as well, and what it writes may lack the change.
            Seen::Written => self.confirm(change.epoch).await.map(|()| true),
            Seen::Replaced if change.certain => {
                let error = replaced(path);
                let message = format!("{} What this call changed is not in the file that is there now.", error.message);
                Err(Error { message, ..error }.suggest("Look at what is there before calling again."))
            }
            Seen::Replaced => Ok(true),
        }
    }

    /// Fails unless the hyperd of that epoch answers.
    async fn confirm(&self, epoch: u64) -> Result<(), Error> {
        if let Some(connection) = self.idle().take(epoch) {
            let deadline = limits::ms(limits::HOUSEKEEPING_DEADLINE_MS);
            let asked = tokio::time::timeout(deadline, connection.wire.execute_command("SELECT 1")).await;
            if matches!(asked, Ok(Ok(_))) {
                self.idle().give_back(connection);
                return Ok(());
            }
        }
        let connection = Box::pin(self.source().connect()).await.map_err(lost)?;
        if connection.epoch == epoch {
            return Ok(());
        }
        Err(lost(Error::new(Code::ConnectionLost, "hyperd died.")))
    }

    /// Whether any connection, of whatever server of the same hyperd, has a file to write that hyperd opens under `attached_as`. hyperd
    /// holds a file in one mode, so that attaching it to read only tells, and cannot become the holder of a change.
    async fn is_held(&self, file: &Path, attached_as: &Path) -> Result<bool, Error> {
        let gate = self.idle().gates.of(file);
        let Ok(_looking) = gate.looking.try_lock() else { return Ok(true) };
        // Not one of the pool's: all of those may be in use, and their calls may wait for this one.
        let connection = self.source().connect().await.map_err(lost)?;
        // Whoever attaches it to write at this moment is about to hold it, and is not to be kept out.
        let Ok(_look) = gate.modes.try_write() else { return Ok(true) };
        let path = sql::identifier(&attached_as.to_string_lossy());
        let attach = format!("ATTACH DATABASE {path} AS {} WITH (access_mode='readonly')", sql::identifier(ALIAS));
        for sql in [attach, detach(ALIAS)] {
            let deadline = limits::ms(limits::HOUSEKEEPING_DEADLINE_MS);
            let done = tokio::time::timeout(deadline, connection.wire.execute_command(&sql)).await;
            let failed = match done {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => translate(error, ALIAS),
                Err(_) => Error::new(Code::ConnectionLost, "hyperd did not answer in time."),
            };
            if failed.code == Code::ConnectionLost {
                return Err(lost(failed));
            }
            if failed.sqlstate.as_deref() != Some(INCOMPATIBLE_MODE) {
                tracing::debug!(error = %failed, %sql, "it could not be found out whether a database is held");
            }
            return Ok(true);
        }
        Ok(false)
    }
}

fn lost(error: Error) -> Error {
    let message = format!("{} It may be that the change of this call was not on disk by then.", error.message);
    Error { message, code: Code::ConnectionLost, ..error }.suggest(
        "Read what the call was to change before calling again: either all of it is there or nothing. `local` is empty.",
    )
}

fn lost_elsewhere(path: &Path) -> Error {
    Error::new(
        Code::IoError,
        format!(
            "The change of this call is not in {}: another server of the same hyperd was the last to use the file, and \
             hyperd could not save it then.",
            path.display()
        ),
    )
    .suggest("Check that there is room on the disk, and call again.")
}
