//! That what a call changed is on disk before it is answered as done.
//!
//! hyperd writes a file out when its last connection lets go of it, and keeps all changes in memory until then. So each
//! call that changed a file waits for that moment: connections of this server that are idle let go at once, those of
//! other calls when they are done, and those of other servers shortly after their last use of the file.

use std::path::Path;
use std::time::Instant;

use super::connection::detach;
use super::error::translate;
use super::pool::Engine;
use super::{HIDDEN_PREFIX, root};
use crate::call::{Call, Unwritten};
use crate::error::{Code, Error};
use crate::limits;
use crate::sql;

/// The alias of a file while it is made to be written out.
const ALIAS: &str = "hyperd_mcp_write_out";

impl Engine {
    /// Waits until each file that `call` changed is on disk. The caller holds no connection.
    ///
    /// # Errors
    ///
    /// `CONNECTION_LOST` where hyperd died before that. Where others use a file for so long that waiting is given up, it
    /// is logged, and the file is written when they are done.
    pub async fn write_out(&self, call: &Call) -> Result<(), Error> {
        for (path, unwritten) in call.take_unwritten() {
            self.write_file_out(&path, &unwritten).await?;
        }
        Ok(())
    }

    /// Whether a change was answered that is not on disk yet, because others went on using the file.
    pub fn is_unwritten(&self, path: &Path) -> bool {
        let mut unwritten = self.unwritten();
        unwritten.retain(|path, root| root::of(path).as_ref() == Some(root));
        unwritten.contains_key(path)
    }

    async fn write_file_out(&self, path: &Path, unwritten: &Unwritten) -> Result<(), Error> {
        let began = Instant::now();
        let mut pause = limits::ms(limits::WRITE_OUT_PAUSE_MIN_MS);
        // hyperd's successor writes the file as well, and what it writes may lack the change: the one that made it must
        // be there still when the file has been seen to differ.
        let is_written = async || {
            let differs = root::of(path).is_none_or(|root| root != unwritten.root);
            if differs { self.confirm(unwritten.epoch).await.map(|()| true) } else { Ok(false) }
        };
        let mut round = 0;
        loop {
            self.idle().let_go(Instant::now(), |held| held.path == path).await;
            if is_written().await? {
                return Ok(());
            }
            if began.elapsed() > limits::ms(limits::WRITE_OUT_DEADLINE_MS) {
                self.unwritten().insert(path.to_owned(), unwritten.root.clone());
                tracing::warn!(path = %path.display(), "others use a database for so long that a change of it is answered before it is on disk");
                return Ok(());
            }
            // A connection that was closed lets go a moment later, and other calls when they are done.
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(limits::ms(limits::WRITE_OUT_PAUSE_MAX_MS));
            if is_written().await? {
                return Ok(());
            }
            round += 1;
            // Nothing was changed after all, or others hold the file: a change tells one from the other.
            self.hold_briefly(path, unwritten.epoch, round == 2).await?;
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

    /// Attaches a file and lets go of it; the last one to do so has it written out. It fails where hyperd has died.
    async fn hold_briefly(&self, path: &Path, epoch: u64, touch: bool) -> Result<(), Error> {
        // Not one of the pool's: all of those may be in use, and their calls may wait for this one.
        let connection = self.source().connect().await.map_err(lost)?;
        if connection.epoch != epoch {
            return Err(lost(Error::new(Code::ConnectionLost, "hyperd died.")));
        }
        let alias = sql::identifier(ALIAS);
        let attach = format!("ATTACH DATABASE {} AS {alias}", sql::identifier(&path.to_string_lossy()));
        let mut statements = vec![attach];
        if touch {
            let table = sql::table(ALIAS, &format!("{HIDDEN_PREFIX}touch_{}", std::process::id()));
            statements.push(format!("CREATE TABLE {table} (a INT)"));
            statements.push(format!("DROP TABLE IF EXISTS {table}"));
        }
        statements.push(detach(ALIAS));
        for sql in statements {
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
            // Somebody changes its tables at this very moment. Closing the connection lets go as well.
            tracing::debug!(error = %failed, %sql, "a database could not be held to be written out");
            return Ok(());
        }
        Ok(())
    }
}

fn lost(error: Error) -> Error {
    let message = format!("{} It may be that the change of this call was not on disk by then.", error.message);
    Error { message, code: Code::ConnectionLost, ..error }.suggest(
        "Read what the call was to change before calling again: either all of it is there or nothing. `local` is empty.",
    )
}
