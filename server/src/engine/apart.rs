//! Keeps statements that read a table apart from one that updates it.
//!
//! hyperd reads a TEXT or BYTES value wrongly where it is to be as it was before an UPDATE of that column: most statements
//! end hyperd, and `WHERE v = '...'` finds no row and says nothing (measured from 0.0.16123 to 0.0.26963; DELETE, INSERT and
//! values of a fixed size do no harm). It reads such a value while the UPDATE is not committed, and in a transaction that
//! began before that. So an UPDATE waits for the statements that name its table, and they wait for it. What another server
//! of the same hyperd reads is not known here: there an UPDATE has its whole file for itself.
//!
//! A transaction stays in its place until it ends. One that updates takes its place for all of its statements at once, so
//! that nobody waits for another one in a ring.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::call::Call;
use crate::error::Error;
use crate::file_lock::{self, FileLock};
use crate::limits;

/// What statements use.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// All words of the text, in which the names of its tables are; none where they are not known.
    pub(super) names: Option<HashSet<String>>,
    /// The tables that it updates, where no other server can have them.
    pub(super) updates: HashSet<String>,
    /// The files that other servers can have.
    pub(super) files: HashSet<PathBuf>,
    /// Those of them that it updates.
    pub(super) updated_files: HashSet<PathBuf>,
}

/// Who waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Behind those who came before.
    InTurn,
    /// For those alone who are under way.
    Look,
}

/// The statements of one server that are under way, or wait.
#[derive(Debug)]
pub(super) struct Apart {
    state: Mutex<State>,
    left: Notify,
    /// Where the locks are that other servers see; none where no other server has this hyperd.
    folder: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they came.
    entries: Vec<Entry>,
    count: u64,
    locks: HashMap<PathBuf, Locked>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    uses: Uses,
    /// When it came, as long as it waits.
    waits_since: Option<Instant>,
}

/// A lock of the server's, shared by all of its statements that read the file.
#[derive(Debug)]
struct Locked {
    _lock: FileLock,
    users: usize,
}

/// The place of one statement or transaction; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    apart: Arc<Apart>,
    id: u64,
}

impl Uses {
    /// What both use.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.names = self.names.zip(other.names).map(|(own, other)| own.into_iter().chain(other).collect());
        self.updates.extend(other.updates);
        self.files.extend(other.files);
        self.updated_files.extend(other.updated_files);
        self
    }

    fn is_reading(&self) -> bool {
        self.updates.is_empty() && self.updated_files.is_empty()
    }

    fn conflicts_with(&self, other: &Self) -> bool {
        self.changes_what_is_used_by(other) || other.changes_what_is_used_by(self)
    }

    fn changes_what_is_used_by(&self, other: &Self) -> bool {
        let named = |table: &String| other.names.as_ref().is_none_or(|names| names.contains(table));
        self.updates.iter().any(named) || !self.updated_files.is_disjoint(&other.files)
    }

    /// Whether whoever has a place for `self` needs none for `other`.
    fn covers(&self, other: &Self) -> bool {
        let names = match (&self.names, &other.names) {
            (None, _) => true,
            (Some(own), Some(other)) => other.is_subset(own),
            (Some(_), None) => false,
        };
        names
            && other.updates.is_subset(&self.updates)
            && other.files.is_subset(&self.files)
            && other.updated_files.is_subset(&self.updated_files)
    }
}

impl Apart {
    pub(super) fn new(folder: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), left: Notify::new(), folder })
    }

    /// Whether other servers can have the file of a database that outlives the session.
    pub(super) fn is_shared(&self) -> bool {
        self.folder.is_some()
    }

    /// Waits for a place. Nobody waits for the places that are its `own` already.
    ///
    /// # Errors
    ///
    /// The call is interrupted; the lock that other servers see cannot be made.
    pub(super) async fn enter(
        self: &Arc<Self>,
        call: &Call,
        uses: Uses,
        patience: Patience,
        mut own: Vec<u64>,
    ) -> Result<Place, Error> {
        let place = self.line_up(uses);
        own.push(place.id);
        loop {
            let left = self.left.notified();
            if self.admit(&own, patience).map_err(|error| file_lock::failed("a database", &error))? {
                return Ok(place);
            }
            // Other servers tell nobody that they have left, and whoever waits for long lets others go first.
            let _ = call.race(tokio::time::timeout(limits::ms(limits::LOCK_LOOK_MS), left)).await?;
        }
    }

    fn line_up(self: &Arc<Self>, uses: Uses) -> Place {
        let mut state = self.lock();
        state.count += 1;
        let id = state.count;
        state.entries.push(Entry { id, uses, waits_since: Some(Instant::now()) });
        Place { apart: Arc::clone(self), id }
    }

    /// Whether nobody stands in the way of the last of its places any more.
    fn admit(&self, own: &[u64], patience: Patience) -> io::Result<bool> {
        let mut state = self.lock();
        let State { entries, locks, .. } = &mut *state;
        let Some(at) = entries.iter().position(|entry| Some(&entry.id) == own.last()) else { return Ok(true) };
        let uses = &entries[at].uses;
        let stands_in_the_way = |(other, entry): (usize, &Entry)| match entry.waits_since {
            _ if own.contains(&entry.id) || !entry.uses.conflicts_with(uses) => false,
            None => true,
            // One that waits to update may wait for long. Those who read before it keep their turn, or else updates that
            // follow each other closely would keep them waiting.
            Some(since) => {
                let keeps_turn = entry.uses.is_reading() || since.elapsed() < limits::ms(limits::APART_TURN_MS);
                other < at && patience == Patience::InTurn && keeps_turn
            }
        };
        if entries.iter().enumerate().any(stands_in_the_way) {
            return Ok(false);
        }
        if let Some(folder) = &self.folder
            && !take_locks(folder, locks, uses)?
        {
            return Ok(false);
        }
        entries[at].waits_since = None;
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Whether it is a place for `uses` as well.
    pub(super) fn covers(&self, uses: &Uses) -> bool {
        self.apart.lock().entries.iter().any(|entry| entry.id == self.id && entry.uses.covers(uses))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.apart.lock();
        let State { entries, locks, .. } = &mut *state;
        let gone = entries.iter().position(|entry| entry.id == self.id).map(|at| entries.remove(at));
        for file in gone.iter().filter(|gone| gone.waits_since.is_none()).flat_map(|gone| &gone.uses.files) {
            if let Some(locked) = locks.get_mut(file) {
                locked.users -= 1;
            }
        }
        locks.retain(|_, locked| locked.users > 0);
        drop(state);
        self.apart.left.notify_waiters();
    }
}

/// Takes the locks of all files that are used, or none of them.
fn take_locks(folder: &Path, locks: &mut HashMap<PathBuf, Locked>, uses: &Uses) -> io::Result<bool> {
    let mut new = Vec::new();
    for file in uses.files.iter().filter(|file| !locks.contains_key(*file)) {
        let way = if uses.updated_files.contains(file) { File::try_lock } else { File::try_lock_shared };
        // Of a file that is gone the statement finds out.
        let Ok(path) = file_lock::path_of(folder, file, "reads") else { continue };
        let Some(lock) = FileLock::try_take(&path, way)? else { return Ok(false) };
        new.push((file.clone(), Locked { _lock: lock, users: 0 }));
    }
    locks.extend(new);
    for file in &uses.files {
        if let Some(locked) = locks.get_mut(file) {
            locked.users += 1;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    fn read(tables: &[&str]) -> Uses {
        Uses { names: Some(tables.iter().map(|&table| table.to_owned()).collect()), ..Uses::default() }
    }

    fn update(table: &str) -> Uses {
        Uses { updates: HashSet::from([table.to_owned()]), ..read(&[table]) }
    }

    fn unknown() -> Uses {
        Uses::default()
    }

    fn of_file(uses: Uses, file: &Path) -> Uses {
        let updated_files = if uses.updates.is_empty() { HashSet::new() } else { HashSet::from([file.to_owned()]) };
        Uses { files: HashSet::from([file.to_owned()]), updated_files, updates: HashSet::new(), ..uses }
    }

    #[rstest]
    #[case::reads(read(&["a", "b"]), read(&["a"]), false)]
    #[case::read_and_update(read(&["a", "b"]), update("b"), true)]
    #[case::update_and_read(update("b"), read(&["a", "b"]), true)]
    #[case::of_others(update("c"), read(&["a", "b"]), false)]
    #[case::updates(update("a"), update("a"), true)]
    #[case::unknown_names(unknown(), update("a"), true)]
    #[case::file(of_file(read(&["a"]), Path::new("/f")), of_file(update("b"), Path::new("/f")), true)]
    #[case::other_file(of_file(read(&["a"]), Path::new("/f")), of_file(update("a"), Path::new("/g")), false)]
    #[tokio::test]
    async fn an_update_and_who_names_its_table_are_never_under_way_together(
        #[case] first: Uses,
        #[case] second: Uses,
        #[case] waits: bool,
    ) {
        let apart = Apart::new(None);
        let call = Call::housekeeping();
        let place = apart.enter(&call, first, Patience::InTurn, Vec::new()).await.expect("nobody is there");
        let entering = apart.enter(&call, second, Patience::InTurn, Vec::new());
        let entered = tokio::time::timeout(Duration::from_millis(50), entering).await;
        assert_eq!(entered.is_err(), waits);
        drop((entered, place));
        assert!(apart.lock().entries.is_empty(), "who gives up or leaves makes room");
    }

    #[tokio::test]
    async fn who_waits_is_let_in_when_the_other_one_leaves_and_a_look_waits_for_no_one_who_waits() {
        let apart = Apart::new(None);
        let call = Call::housekeeping();
        let reads = apart.enter(&call, read(&["a"]), Patience::InTurn, Vec::new()).await.expect("nobody is there");
        let mut updates = Box::pin(apart.enter(&call, update("a"), Patience::InTurn, Vec::new()));
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut updates).await.is_err());
        let look = apart.enter(&call, read(&["a"]), Patience::Look, Vec::new());
        drop(tokio::time::timeout(Duration::from_mins(1), look).await.expect("it waits for nobody"));
        let mut later = Box::pin(apart.enter(&call, read(&["a"]), Patience::InTurn, Vec::new()));
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut later).await.is_err(), "the update came first");
        drop(reads);
        drop(updates.await.expect("it is let in"));
        later.await.expect("it is let in");
    }

    #[tokio::test]
    async fn who_reads_keeps_its_turn_before_updates_that_come_later_and_who_updates_loses_it() {
        let apart = Apart::new(None);
        let call = Call::housekeeping();
        let first = apart.enter(&call, update("a"), Patience::InTurn, Vec::new()).await.expect("nobody is there");
        let reads = apart.line_up(read(&["a"]));
        let second = apart.line_up(update("a"));
        let third = apart.line_up(read(&["a"]));
        let long_ago = Instant::now().checked_sub(2 * limits::ms(limits::APART_TURN_MS)).expect("the clock has run");
        apart.lock().entries.iter_mut().for_each(|entry| {
            entry.waits_since = entry.waits_since.map(|_| long_ago);
        });
        drop(first);
        let admit = |place: &Place| apart.admit(&[place.id], Patience::InTurn).expect("no lock is needed");
        assert!(!admit(&second), "the reader came first");
        assert!(admit(&third), "an update that waits for long lets readers pass");
        assert!(admit(&reads));
    }

    #[tokio::test]
    async fn other_servers_are_kept_apart_by_file() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("d.hyper");
        std::fs::write(&file, "").expect("a file can be made");
        let locks = folder.path().join("locks");
        let (here, there) = (Apart::new(Some(locks.clone())), Apart::new(Some(locks.clone())));
        let call = Call::housekeeping();
        let one = here
            .enter(&call, of_file(read(&["a"]), &file), Patience::InTurn, Vec::new())
            .await
            .expect("nobody is there");
        let two =
            there.enter(&call, of_file(read(&["a"]), &file), Patience::InTurn, Vec::new()).await.expect("both read");
        let mut updates = Box::pin(there.enter(&call, of_file(update("b"), &file), Patience::InTurn, Vec::new()));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut updates).await.is_err(), "both read");
        drop(two);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut updates).await.is_err(), "one reads");
        drop(one);
        let updates = updates.await.expect("nobody reads");
        let reads = here.enter(&call, of_file(read(&["a"]), &file), Patience::Look, Vec::new());
        assert!(tokio::time::timeout(Duration::from_millis(50), reads).await.is_err(), "the other one updates");
        drop(updates);
        assert_eq!(std::fs::read_dir(locks).expect("it is there").count(), 0, "no lock is left behind");
    }

    #[test]
    fn a_place_of_a_transaction_is_one_for_each_of_its_statements() {
        let all = update("a").and(read(&["b"]));
        assert!(all.covers(&update("a")) && all.covers(&read(&["b", "a"])));
        assert!(!all.covers(&update("b")) && !all.covers(&unknown()) && !all.covers(&read(&["c"])));
    }
}
