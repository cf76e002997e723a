//! Loading one delivery, as often as it takes to know how that ended.

use std::io;
use std::time::Duration;

use tokio::time::sleep;

use super::ledger;
use super::spool::Delivery;
use super::worker::Worker;
use crate::args::Target;
use crate::call::Call;
use crate::engine::WrittenOut;
use crate::error::{Code, Error, UNDEFINED_TABLE};
use crate::files::refused;
use crate::ingest::{ColumnTypes, Input, InputFile, LoadMode, LoadRequest, load_noted};
use crate::limits;

/// A serialization failure, a table that is there already, and one that is not there any more.
const CONFLICTS: [&str; 3] = ["40001", "42P07", UNDEFINED_TABLE];

/// How the load of a delivery ended.
pub(super) enum End {
    /// Its rows are in the table; how many is known unless an earlier try had put them there.
    Loaded(Option<u64>),
    /// It cannot be loaded.
    Failed(Error),
    /// It was not loaded, and is not to be.
    GivenBack,
    /// Nobody can say now; a later watch will.
    Open,
}

impl Worker {
    /// Loads a delivery that may have been loaded before; a failure that may pass is waited out.
    pub(super) async fn ingest(&self, delivery: &Delivery) -> End {
        let mut in_doubt = delivery.taken_over;
        let mut tries = 0;
        let mut pause = limits::ms(limits::WATCH_RETRY_MIN_MS);
        loop {
            let error = match self.attempt(delivery, in_doubt).await {
                Ok(Done::Loaded(rows)) => return End::Loaded(rows),
                Ok(Done::ChangedAfter(rows)) => return End::Failed(self.changed_after(delivery, rows)),
                Err(error) => error,
            };
            tries += 1;
            let cut_off = self.watch.cancelled.is_cancelled();
            if !cut_off && !passes(&error, tries) {
                return End::Failed(error);
            }
            if !cut_off {
                self.trouble(&format!("loading {}", delivery.name.to_string_lossy()), &error);
                self.pause(pause).await;
                pause = (pause * 2).min(limits::ms(limits::WATCH_RETRY_MAX_MS));
            }
            in_doubt = true;
            if self.watch.stopping.is_cancelled() {
                return self.give_back(delivery).await;
            }
        }
    }

    async fn attempt(&self, delivery: &Delivery, in_doubt: bool) -> Result<Done, Error> {
        if in_doubt && self.is_loaded(delivery).await? {
            return Ok(Done::Loaded(None));
        }
        let file = self.input(delivery).await?;
        let request = LoadRequest {
            input: Input::File(file.clone()),
            format: None,
            json_path: None,
            table: self.watch.table.place.certain(),
            mode: LoadMode::Append,
            merge_key: Vec::new(),
            types: ColumnTypes::new(),
            null_values: Vec::new(),
            target: Target { database: Some(self.watch.database.alias.clone()), persist: false },
            tool: "watch_directory",
        };
        let call = Call::new(self.watch.cancelled.clone(), self.statement_deadline);
        let receipt = ledger::receipt(&self.watch, &delivery.id, &delivery.name);
        let loaded = load_noted(&self.session, &call, request, &receipt).await?;
        // The file is deleted next, and its rows must not be in hyperd's memory alone by then.
        match self.session.write_out(&call).await? {
            WrittenOut::Later => Err(self.in_use()),
            WrittenOut::Whole if file.is_unchanged() => Ok(Done::Loaded(Some(loaded.rows))),
            WrittenOut::Whole => Ok(Done::ChangedAfter(loaded.rows)),
        }
    }

    /// Whether the note of a delivery is on disk, and its rows with it.
    async fn is_loaded(&self, delivery: &Delivery) -> Result<bool, Error> {
        if !self.session.settled(&Call::housekeeping(), &self.watch.database).await? {
            return Err(self.in_use());
        }
        ledger::holds(&self.session, &self.watch, &delivery.id).await
    }

    fn in_use(&self) -> Error {
        let alias = &self.watch.database.alias;
        Error::new(Code::ResourceBusy, format!("Other calls use `{alias}`, and what was loaded is not on disk yet."))
            .suggest("The file stays until it is.")
    }

    /// The file as it is open; hyperd reads this one, wherever its path leads.
    async fn input(&self, delivery: &Delivery) -> Result<InputFile, Error> {
        let path = self.watch.directory.join(&delivery.name);
        if path.to_str().is_none() {
            return Err(Error::invalid(format!("`{}` is not valid UTF-8.", path.display()))
                .suggest("Deliver the file under another name."));
        }
        let taken = delivery.clone();
        let opened = tokio::task::spawn_blocking(move || taken.open()).await.map_err(io::Error::other);
        let opened = opened.and_then(|opened| opened);
        match opened.map_err(|error| refused(format!("Could not read `{}`", path.display()), &error))? {
            (Some(file), found) => InputFile::opened(file, found, path),
            (None, found) if found.is_file() => {
                let names = found.names;
                Err(Error::invalid(format!("`{}` is a file with {names} names (hard links).", path.display())).suggest(
                    "Deliver a copy: whoever has another name of the file could change it, or may not have been allowed to read it.",
                ))
            }
            (None, _) => Err(Error::invalid(format!("`{}` is no regular file.", path.display()))
                .suggest("Deliver the file itself, not a folder or a symbolic link.")),
        }
    }

    /// The end of a delivery that the watch has no more time for.
    pub(super) async fn give_back(&self, delivery: &Delivery) -> End {
        match self.is_loaded(delivery).await {
            Ok(true) => End::Loaded(None),
            Ok(false) => End::GivenBack,
            Err(_) => End::Open,
        }
    }

    pub(super) async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.watch.stopping.cancelled() => {}
        }
    }

    fn changed_after(&self, delivery: &Delivery, rows: u64) -> Error {
        let (path, table) = (self.watch.directory.join(&delivery.name), &self.watch.table.shown);
        let message = format!("`{}` changed after its {rows} rows were added to `{table}`.", path.display());
        Error::new(Code::IoError, message).suggest(
            "The rows are in the table; what came later is in this file alone. Make `.ready` once nobody writes to the file \
             any more.",
        )
    }
}

/// What a try came to.
enum Done {
    /// Its rows are in the table; how many is known unless an earlier try had put them there.
    Loaded(Option<u64>),
    /// The same, but the file has more by now.
    ChangedAfter(u64),
}

/// Whether a failure is not the file's and may pass.
fn passes(error: &Error, tries: u32) -> bool {
    match error.code {
        // hyperd is gone, is stopping, or has not opened the database yet; or the disk is full until somebody makes room.
        Code::ConnectionLost | Code::HyperdNotFound | Code::ResourceBusy | Code::Cancelled | Code::DiskFull => true,
        // A disk may be slow for a while, and who writes to a file comes to an end.
        Code::Timeout | Code::IoError => tries < limits::WATCH_TIMEOUT_TRIES_MAX,
        // Another server has changed the table, made it or dropped it at the same moment.
        _ => {
            let collides = CONFLICTS.iter().any(|state| error.sqlstate.as_deref() == Some(state));
            collides && tries < limits::WATCH_CONFLICT_TRIES_MAX
        }
    }
}
