//! In which mode a connection attaches a file: hyperd itself refuses every write to what is attached read-only.
//!
//! It is a line of defence that knows nothing of SQL's text, behind the guard that reads it. hyperd holds a file in one
//! mode for all of its connections, those of other servers included. So a file that others hold for writing is attached
//! as they have it, and the guard alone protects it; [`Modes`] keeps which it was.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::connection::Attachment;
use super::lease::Lease;
use super::pool::Engine;
use crate::call::Call;
use crate::error::{Code, Error};
use crate::limits;
use crate::sql;

/// SQLSTATE of a database that others of the same hyperd hold in the other mode, among other states.
const WRONG_STATE: &str = "55000";
/// SQLSTATE of an option that a release does not know.
const SYNTAX_ERROR: &str = "42601";

/// What keeps a database as it is that calls may not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Protection {
    /// hyperd holds it read-only and refuses every write, besides the server's look at each statement.
    Engine,
    /// The server's look at each statement alone: another session of the same hyperd holds the file for writing.
    Guard,
}

/// What this server knows of the modes of files.
#[derive(Default)]
pub(super) struct Modes {
    /// How each read-only file was attached last.
    protections: Mutex<HashMap<PathBuf, Protection>>,
}

impl Modes {
    fn note(&self, path: &Path, protection: Protection) {
        self.protections.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), protection);
    }

    fn of(&self, path: &Path) -> Option<Protection> {
        self.protections.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }
}

impl Engine {
    /// What protects a read-only file, as far as a connection of this server has attached it; the last one tells.
    pub fn protection(&self, path: &Path) -> Option<Protection> {
        self.idle().modes.of(path)
    }
}

impl Lease {
    /// Attaches a file to the lease's connection, read-only in hyperd as well where it is to stay as it is.
    pub(super) async fn attach(&mut self, call: &Call, attachment: Attachment) -> Result<(), Error> {
        if attachment.lasting && !self.connection()?.holds(|held| held.lasting) {
            self.pass(call, &attachment.real).await?;
        }
        let path = sql::identifier(&attachment.path.to_string_lossy());
        let plain = format!("ATTACH DATABASE {path} AS {}", sql::identifier(&attachment.alias));
        if attachment.read_only {
            let protection = match self.change(call, &format!("{plain} WITH (access_mode='readonly')")).await {
                Ok(_) => Protection::Engine,
                Err(error) if is_held_otherwise(&error) || error.sqlstate.as_deref() == Some(SYNTAX_ERROR) => {
                    self.change(call, &plain).await?;
                    Protection::Guard
                }
                Err(error) => return Err(error),
            };
            self.idle().modes.note(&attachment.path, protection);
        } else {
            self.attach_for_writing(call, &plain, &attachment).await?;
        }
        self.attached(attachment)
    }

    /// Waits a little while others hold the file read-only: an idle connection lets go of it soon.
    async fn attach_for_writing(&mut self, call: &Call, sql: &str, attachment: &Attachment) -> Result<(), Error> {
        let began = Instant::now();
        let gate = self.idle().gates.of(&attachment.real);
        loop {
            let no_look = call.race(gate.modes.read()).await?;
            match self.change(call, sql).await {
                Err(error) if is_held_otherwise(&error) => {
                    if began.elapsed() > limits::ms(limits::MODE_WAIT_MS) {
                        return Err(held_read_only(&error, &attachment.path));
                    }
                }
                done => return done.map(drop),
            }
            drop(no_look);
            call.race(tokio::time::sleep(limits::ms(limits::MODE_PAUSE_MS))).await?;
        }
    }
}

fn is_held_otherwise(error: &Error) -> bool {
    error.sqlstate.as_deref() == Some(WRONG_STATE) && error.message.contains("access mode")
}

fn held_read_only(error: &Error, path: &Path) -> Error {
    Error::new(
        Code::ResourceBusy,
        format!(
            "{} is in use read-only by another session of the same hyperd, which holds a file in one mode at a time: {}",
            path.display(),
            error.message
        ),
    )
    .suggest("Call again when the queries there are done, or detach the file there.")
    .with_sqlstate(WRONG_STATE)
}
