//! The work of one watch: files that are ready become rows.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::events::Events;
use super::ingest::End;
use super::ledger;
use super::spool::{Delivery, Spool};
use crate::error::Error;
use crate::limits;
use crate::session::{Session, Watch};

/// One watch at work.
pub(super) struct Worker {
    pub(super) session: Arc<Session>,
    pub(super) watch: Arc<Watch>,
    pub(super) statement_deadline: Duration,
    spool: Spool,
    events: Events,
    /// Deliveries whose files are gone and whose notes are not.
    finished: Mutex<Vec<String>>,
}

/// What is to be loaded.
#[derive(Default)]
struct Queue {
    left: Vec<Delivery>,
    ready: BTreeSet<OsString>,
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
        spool: Spool,
        events: Events,
        statement_deadline: Duration,
    ) -> Self {
        Self { session, watch, statement_deadline, spool, events, finished: Mutex::default() }
    }

    /// Works until the watch is told to stop; `swept` is told when what was there at the start is done.
    pub(super) async fn run(self: Arc<Self>, left: Vec<Delivery>, swept: oneshot::Sender<()>) {
        let mut queue = Queue { left, ready: BTreeSet::new() };
        self.look(&mut queue).await;
        let mut swept = Some(swept);
        let mut tasks = JoinSet::new();
        let period = limits::ms(limits::WATCH_RESCAN_MS);
        let mut rescan = interval_at(Instant::now() + period, period);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.watch.stopping.is_cancelled() {
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
                Some(ended) = tasks.join_next() => self.note_panic(ended),
                seen = self.events.next(), if swept.is_none() => {
                    queue.ready.extend(seen.names);
                    if seen.incomplete {
                        self.look(&mut queue).await;
                    }
                }
                _ = rescan.tick(), if swept.is_none() => self.look(&mut queue).await,
            }
        }
        self.end(queue, tasks).await;
    }

    async fn end(self: Arc<Self>, queue: Queue, mut tasks: JoinSet<()>) {
        while let Some(ended) = tasks.join_next().await {
            self.note_panic(ended);
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
    async fn look(self: &Arc<Self>, queue: &mut Queue) {
        let found = self.on_disk(|spool| Ok((spool.take_over()?, spool.ready()?))).await;
        match found {
            Ok((left, ready)) => {
                queue.left.extend(left);
                queue.ready.extend(ready);
            }
            Err(error) => self.trouble("looking through the folder", &error),
        }
    }

    async fn handle(self: Arc<Self>, job: Job) {
        let delivery = match job {
            Job::Left(delivery) => delivery,
            Job::Ready(name) => match self.on_disk(move |spool| spool.claim(&name)).await {
                Ok(Some(delivery)) => delivery,
                Ok(None) => return,
                Err(error) => return self.trouble("taking a file", &error),
            },
        };
        self.watch.count(|counts| counts.in_flight += 1);
        let end = self.ingest(&delivery).await;
        self.settle(delivery, end).await;
        self.watch.count(|counts| counts.in_flight -= 1);
    }

    /// Does with the files what the end of their load asks for, and counts it.
    async fn settle(self: &Arc<Self>, delivery: Delivery, end: End) {
        let (id, name) = (delivery.id.clone(), delivery.name.to_string_lossy().into_owned());
        let (settled, error) = match end {
            End::Loaded(rows) => {
                let settled = self.on_disk(move |_| delivery.discard()).await;
                if settled.is_ok() {
                    self.lock_finished().push(id);
                }
                tracing::info!(file = name, table = self.watch.table, rows, "a file of a watched folder was loaded");
                self.watch.count(|counts| {
                    counts.files_ingested += 1;
                    counts.rows += rows.unwrap_or_default();
                    counts.last_error = None;
                });
                (settled, None)
            }
            End::Failed(error) => {
                let reason = error.clone();
                (self.on_disk(move |spool| spool.fail(&delivery, &reason)).await, Some(error))
            }
            End::GivenBack => (self.on_disk(move |spool| spool.release(&delivery)).await, None),
            End::Open => (Ok(()), None),
        };
        if let Some(error) = error {
            tracing::warn!(file = name, table = self.watch.table, %error, "a file of a watched folder was not loaded");
            self.watch.count(|counts| {
                counts.files_failed += 1;
                counts.last_error = Some(format!("{name}: {error}"));
            });
        }
        if let Err(error) = settled {
            self.trouble(&format!("putting {name} away"), &error);
        }
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
            .map_err(|error| Error::invalid(format!("{} cannot be read: {error}.", self.watch.directory.display())))
    }

    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Spool) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let worker = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&worker.spool)).await.map_err(io::Error::other)?
    }

    pub(super) fn trouble(&self, what: &str, error: &dyn std::fmt::Display) {
        let directory = self.watch.directory.display();
        tracing::warn!(%directory, %error, "{what} failed");
        self.watch.count(|counts| counts.last_error = Some(format!("{what} failed: {error}")));
    }

    fn note_panic(&self, ended: Result<(), tokio::task::JoinError>) {
        if let Err(error) = ended {
            self.trouble("loading a file", &error);
        }
    }

    fn lock_finished(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
