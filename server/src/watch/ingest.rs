//! Loading one delivery, as often as it takes to know how that ended.

use std::time::Duration;

use tokio::time::sleep;

use super::ledger;
use super::spool::Delivery;
use super::worker::Worker;
use crate::args::Target;
use crate::call::Call;
use crate::engine::WrittenOut;
use crate::error::{Code, Error};
use crate::ingest::{ColumnTypes, Input, InputFile, LoadMode, LoadRequest, load_noted};
use crate::limits;

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
                Ok(rows) => return End::Loaded(rows),
                Err(error) => error,
            };
            tries += 1;
            let cut_off = self.watch.cancelled.is_cancelled();
            if !cut_off && !passes(&error, tries) {
                return End::Failed(self.in_folder(error, delivery));
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

    async fn attempt(&self, delivery: &Delivery, in_doubt: bool) -> Result<Option<u64>, Error> {
        if in_doubt && self.is_loaded(delivery).await? {
            return Ok(None);
        }
        let path = delivery.path();
        if !tokio::fs::symlink_metadata(&path).await.is_ok_and(|found| found.is_file()) {
            return Err(Error::invalid(format!("`{}` is no regular file.", path.display()))
                .suggest("Deliver the file itself, not a folder or a symbolic link."));
        }
        let Some(text) = path.to_str() else {
            return Err(Error::invalid(format!("`{}` is not valid UTF-8.", path.display()))
                .suggest("Deliver the file under another name."));
        };
        let request = LoadRequest {
            input: Input::File(InputFile::open(text)?),
            format: None,
            json_path: None,
            table: self.watch.table.clone(),
            mode: LoadMode::Append,
            merge_key: Vec::new(),
            types: ColumnTypes::new(),
            target: Target { database: Some(self.watch.database.alias.clone()), persist: false },
            tool: "watch_directory",
        };
        let call = Call::new(self.watch.cancelled.clone(), self.statement_deadline);
        let receipt = ledger::receipt(&self.watch, &delivery.id, &delivery.name);
        let loaded = load_noted(&self.session, &call, request, &receipt).await?;
        // The file is deleted next, and its rows must not be in hyperd's memory alone by then.
        match self.session.write_out(&call).await? {
            WrittenOut::Whole => Ok(Some(loaded.rows)),
            WrittenOut::Later => Err(self.in_use()),
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

    /// The end of a delivery that the watch has no more time for.
    pub(super) async fn give_back(&self, delivery: &Delivery) -> End {
        match self.is_loaded(delivery).await {
            Ok(true) => End::Loaded(None),
            Ok(false) => End::GivenBack,
            Err(_) => End::Open,
        }
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.watch.stopping.cancelled() => {}
        }
    }

    /// The error in terms of the place where the file was delivered.
    fn in_folder(&self, error: Error, delivery: &Delivery) -> Error {
        let now = delivery.path().to_string_lossy().into_owned();
        let delivered = self.watch.directory.join(&delivery.name).to_string_lossy().into_owned();
        Error { message: error.message.replace(&now, &delivered), ..error }
    }
}

/// Whether a failure is not the file's and may pass.
fn passes(error: &Error, tries: u32) -> bool {
    match error.code {
        // hyperd is gone, is stopping, or has not opened the database yet; or the disk is full until somebody makes room.
        Code::ConnectionLost | Code::HyperdNotFound | Code::ResourceBusy | Code::Cancelled | Code::DiskFull => true,
        Code::Timeout => tries < limits::WATCH_TIMEOUT_TRIES_MAX,
        _ => false,
    }
}
