//! The local database's end with the hyperd that held it, and its new beginning.
//!
//! hyperd keeps `local` in memory and writes it out when it likes. What a hyperd that died has left of it is no state that
//! anybody ever saw, so that the next one begins with an empty file, and that is said.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::databases::{LOCAL, PERSISTENT};
use super::lifecycle::Session;
use crate::call::Call;
use crate::engine::{Attachments, Lane};
use crate::error::{Code, Error};
use crate::sql;

/// Which hyperd has the local database, and when it was last lost.
#[derive(Default)]
pub(super) struct Local {
    epoch: AtomicU64,
    renewing: tokio::sync::Mutex<()>,
    lost: Mutex<Option<Instant>>,
}

impl Local {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn lost(&self) -> Option<Instant> {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Makes an empty local database where the hyperd that had it is gone.
    pub(super) async fn renew_local(&self, call: &Call) -> Result<(), Error> {
        if self.engine.epoch() == self.local.epoch() {
            return Ok(());
        }
        call.may_wait()?;
        let _one_at_a_time = call.race(self.local.renewing.lock()).await?;
        let mut lease = self.engine.acquire(call, &Attachments::default(), "", Lane::Look).await?;
        let epoch = lease.epoch();
        if epoch == self.local.epoch() {
            return Ok(());
        }
        let path = self.scratch().join(format!("local-{epoch}.hyper"));
        let create = format!("CREATE DATABASE IF NOT EXISTS {}", sql::identifier(&path.to_string_lossy()));
        lease.execute(call, &create).await?;
        drop(lease);
        let old = {
            let mut registry = self.databases.write().unwrap_or_else(PoisonError::into_inner);
            let old = registry.find(LOCAL).map(|local| local.path.clone());
            registry.replace(LOCAL, &path);
            old
        };
        self.local.epoch.store(epoch, Ordering::Release);
        *self.local.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        tracing::warn!("hyperd was replaced: `local` is empty, the other databases are attached again");
        if let Some(old) = old {
            self.discard(&old).await;
        }
        Ok(())
    }

    /// What was lost, for people: with a hyperd that died, or because hyperd could not save it. None where nothing was.
    pub fn loss(&self) -> Option<String> {
        let mut losses = self.engine.lost_changes();
        losses.extend(self.local_loss());
        (!losses.is_empty()).then(|| losses.join(" "))
    }

    fn local_loss(&self) -> Option<String> {
        let seconds = self.local.lost()?.elapsed().as_secs();
        let others = if self.databases().iter().any(|database| database.alias == PERSISTENT) {
            "`persistent` and what is attached hold"
        } else {
            "What is attached holds"
        };
        Some(format!(
            "hyperd died and was replaced {seconds} s ago. All tables of `local` were lost with it. {others} whatever \
             was answered as done."
        ))
    }

    /// The error of a call in view of what became of `local`.
    pub fn with_loss(&self, error: Error) -> Error {
        match (error.code, self.loss()) {
            (Code::TableNotFound, Some(loss)) => {
                let suggestion = error.suggestion.clone().unwrap_or_default();
                error.suggest(format!("{loss} {suggestion}").trim_end().to_owned())
            }
            _ => error,
        }
    }
}
