//! The work of one watch: files that are ready become rows.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::events::Events;
use super::ingest::End;
use super::ledger;
use super::spool::{Claim, Delivery, Spool};
use crate::error::Error;
use crate::files::refused;
use crate::limits;
use crate::session::{Session, Watch};

/// One watch at work.
pub(super) struct Worker {
    pub(super) session: Arc<Session>,
    pub(super) watch: Arc<Watch>,
    pub(super) statement_deadline: Duration,
    /// The folder as it is open; another one once it was away.
    spool: Mutex<Arc<Spool>>,
    /// Deliveries whose files are gone and whose notes are not.
    finished: Mutex<Vec<String>>,
}

/// What is to be loaded.
#[derive(Default)]
struct Queue {
    left: Vec<Delivery>,
    ready: BTreeSet<OsString>,
    /// The folder is not there, and nothing is taken.
    away: bool,
}

enum Job {
    Left(Delivery),
    Ready(OsString),
}

impl Queue {
    fn pop(&mut self) -> Option<Job> {
        self.left.pop().map(Job::Left).or_else(|| self.ready.pop_first().map(Job::Ready))
    }
}

impl Worker {
    pub(super) fn new(
        session: Arc<Session>,
        watch: Arc<Watch>,
        spool: Arc<Spool>,
        statement_deadline: Duration,
    ) -> Self {
        Self { session, watch, statement_deadline, spool: Mutex::new(spool), finished: Mutex::default() }
    }

    /// Works until the watch is told to stop; `swept` is told when what was there at the start is done.
    pub(super) async fn run(self: Arc<Self>, mut events: Events, left: Vec<Delivery>, swept: oneshot::Sender<()>) {
        let mut queue = Queue { left, ..Queue::default() };
        self.look(&mut queue, &mut events).await;
        let mut swept = Some(swept);
        let mut tasks = JoinSet::new();
        let period = limits::ms(limits::WATCH_RESCAN_MS);
        let mut rescan = interval_at(Instant::now() + period, period);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.watch.stopping.is_cancelled() {
            if queue.away {
                queue.ready.clear();
            }
            while tasks.len() < self.watch.max_concurrent
                && let Some(job) = queue.pop()
            {
                tasks.spawn(Arc::clone(&self).handle(job));
            }
            if tasks.is_empty() {
                // Whoever waits for the first sweep may have gone.
                let _ = swept.take().map(|swept| swept.send(()));
            }
            self.forget(tasks.is_empty()).await;
            tokio::select! {
                biased;
                () = self.watch.stopping.cancelled() => {}
                // A later file of that name may have come meanwhile.
                Some(ended) = tasks.join_next() => queue.ready.extend(self.told(ended)),
                seen = events.next(), if swept.is_none() => {
                    queue.ready.extend(seen.names);
                    if seen.incomplete {
                        self.look(&mut queue, &mut events).await;
                    }
                }
                () = sleep(limits::ms(limits::WATCH_AWAY_MS)), if queue.away => self.look(&mut queue, &mut events).await,
                _ = rescan.tick(), if swept.is_none() => self.look(&mut queue, &mut events).await,
            }
        }
        self.end(queue, tasks).await;
    }

    async fn end(self: Arc<Self>, queue: Queue, mut tasks: JoinSet<Option<OsString>>) {
        while let Some(ended) = tasks.join_next().await {
            self.told(ended);
        }
        for delivery in queue.left {
            let end = self.give_back(&delivery).await;
            self.settle(delivery, end).await;
        }
        self.forget(true).await;
        self.on_disk(|spool| {
            spool.close();
            Ok(())
        })
        .await
        .unwrap_or_else(|error| self.trouble("ending the watch", &error));
        self.watch.ended.cancel();
    }

    /// Looks through the folder, and for what servers that are gone have left in it.
    async fn look(self: &Arc<Self>, queue: &mut Queue, events: &mut Events) {
        let in_place = self.on_disk(|spool| Ok(spool.is_in_place())).await.unwrap_or_default();
        if !in_place {
            match self.open_anew().await {
                Ok(anew) => *events = anew,
                Err(error) => {
                    queue.away = true;
                    return self.trouble("finding the folder again", &error);
                }
            }
            tracing::info!(directory = %self.watch.directory.display(), "a watched folder is there again");
            self.watch.count(|counts| counts.last_error = None);
        }
        queue.away = false;
        match self.on_disk(|spool| Ok((spool.take_over()?, spool.ready()?))).await {
            Ok((left, ready)) => {
                queue.left.extend(left);
                queue.ready.extend(ready);
            }
            Err(error) => self.trouble("looking through the folder", &error),
        }
    }

    /// Opens the folder that is under the path now. What was taken from the one before goes back to that.
    async fn open_anew(&self) -> Result<Events, Error> {
        let (paths, directory) = (self.session.paths().clone(), self.watch.directory.clone());
        let opening = tokio::task::spawn_blocking(move || {
            let refused = |error: io::Error| refused(format!("{} is gone", directory.display()), &error);
            let folder = paths.folder(&directory)?.map_err(refused)?;
            Spool::open(folder).map_err(refused)
        });
        let spool = opening.await.map_err(|error| Error::internal(format!("Opening a folder panicked: {error}")))??;
        let events = Events::of(&self.watch.directory)?;
        *self.spool.lock().unwrap_or_else(PoisonError::into_inner) = spool;
        Ok(events)
    }

    /// Loads one file; answers its name once nothing of it is left here.
    async fn handle(self: Arc<Self>, job: Job) -> Option<OsString> {
        let delivery = match job {
            Job::Left(delivery) => delivery,
            Job::Ready(name) => self.claim(&name).await?,
        };
        let name = delivery.name.clone();
        self.watch.count(|counts| counts.in_flight += 1);
        let end = self.ingest(&delivery).await;
        let settled = self.settle(delivery, end).await;
        self.watch.count(|counts| counts.in_flight -= 1);
        settled.then_some(name)
    }

    /// Takes a file; one that may still be written to is waited for.
    async fn claim(self: &Arc<Self>, name: &OsString) -> Option<Delivery> {
        let mut before = None;
        for _ in 0..limits::WATCH_SETTLE_TRIES_MAX {
            let taking = name.clone();
            match self.on_disk(move |spool| spool.claim(&taking, before.as_ref())).await {
                Ok(Claim::Taken(delivery)) => return Some(delivery),
                Ok(Claim::Nothing) => return None,
                Ok(Claim::Unsettled(found)) => before = Some(found),
                Err(error) => {
                    self.trouble("taking a file", &error);
                    return None;
                }
            }
            let file = name.to_string_lossy();
            self.trouble(&format!("taking {file}"), &format_args!("it was written to after `{file}.ready` was made"));
            self.pause(limits::ms(limits::WATCH_SETTLE_MS)).await;
        }
        None
    }

    /// Does with the files what the end of their load asks for, and counts it.
    async fn settle(self: &Arc<Self>, delivery: Delivery, end: End) -> bool {
        let (id, name) = (delivery.id.clone(), delivery.name.to_string_lossy().into_owned());
        let (settled, error) = match end {
            End::Loaded(rows) => {
                let settled = on_disk(move || delivery.discard()).await;
                if settled.is_ok() {
                    self.lock_finished().push(id);
                }
                tracing::info!(file = name, table = %self.watch.table.shown, rows, "a file of a watched folder was loaded");
                self.watch.count(|counts| {
                    counts.files_ingested += 1;
                    counts.rows += rows.unwrap_or_default();
                    counts.last_error = None;
                });
                (settled, None)
            }
            End::Failed(error) => {
                let reason = error.clone();
                // Some fail after their rows were noted.
                self.lock_finished().push(id);
                (on_disk(move || delivery.fail(&reason)).await, Some(error))
            }
            End::GivenBack => (on_disk(move || delivery.release()).await, None),
            End::Open => return false,
        };
        if let Some(error) = error {
            tracing::warn!(file = name, table = %self.watch.table.shown, %error, "a file of a watched folder was not loaded");
            self.watch.count(|counts| {
                counts.files_failed += 1;
                counts.last_error = Some(format!("{name}: {error}"));
            });
        }
        if let Err(error) = &settled {
            self.trouble(&format!("putting {name} away"), error);
        }
        settled.is_ok()
    }

    /// Deletes the notes about files that are gone: when there is nothing else to do, or when there are many.
    async fn forget(&self, idle: bool) {
        let ids = {
            let mut finished = self.lock_finished();
            if finished.is_empty() || !idle && finished.len() < limits::WATCH_NOTES_MAX {
                return;
            }
            std::mem::take(&mut *finished)
        };
        if let Err(error) = ledger::forget(&self.session, &self.watch, &ids).await {
            // The next watch of the folder deletes them.
            tracing::debug!(%error, "notes about files that are gone are left");
        }
    }

    /// Those of `noted` whose files are gone.
    pub(super) async fn finished(self: &Arc<Self>, noted: Vec<String>) -> Result<Vec<String>, Error> {
        self.on_disk(|spool| spool.finished(noted))
            .await
            .map_err(|error| refused(format!("{} cannot be read", self.watch.directory.display()), &error))
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Spool>) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let spool = Arc::clone(&self.spool.lock().unwrap_or_else(PoisonError::into_inner));
        on_disk(move || work(&spool)).await
    }

    pub(super) fn trouble(&self, what: &str, error: &dyn std::fmt::Display) {
        let directory = self.watch.directory.display();
        tracing::warn!(%directory, %error, "{what} failed");
        self.watch.count(|counts| counts.last_error = Some(format!("{what} failed: {error}")));
    }

    fn told(&self, ended: Result<Option<OsString>, tokio::task::JoinError>) -> Option<OsString> {
        ended.unwrap_or_else(|error| {
            self.trouble("loading a file", &error);
            None
        })
    }

    fn lock_finished(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
