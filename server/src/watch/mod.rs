//! Watched folders: each file that is said to be ready is appended to a table, once.
//!
//! Whoever delivers writes `x.csv`, then makes `x.csv.ready`, and waits for that to go before `x.csv` is used again. The
//! sentinel stays until the rows are in the table, on disk, and in the table catalogue, or until the file is in `failed`
//! with the reason in `x.csv.error`. A file is loaded exactly once, whenever the server is killed.
//!
//! A delivery takes these steps; `OWN` is a folder of this watch, beside which it holds a lock, and `ID` is a name that is
//! never used again:
//!
//! 1. `loading/OWN/ID/x.csv.ready` is made: a mark, which says what the sentinel was (number, time, size).
//! 2. `x.csv` is renamed to `loading/OWN/ID/x.csv`, which only one server can do. While it is there no server takes another
//!    `x.csv`; the sentinel is this one's. (Where another server took one between the look and the renaming, or the
//!    sentinel is gone, the file goes back.)
//! 3. Its rows and a note of `ID` are inserted in one transaction, and hyperd writes the database.
//! 4. The sentinel is renamed over the mark, if it is still what the mark says, or was only written to since while there is
//!    no new `x.csv`; if not, it is a later one and stays.
//! 5. `x.csv`, `x.csv.ready` and `ID` are removed, then the note. Instead, a file that fails goes to `failed` before step 4,
//!    and its sentinel after it.
//!
//! When a server was killed, the next watch of the folder, or the next look of another server, finds the lock free:
//!
//! - killed before 2: a mark without its file, and the file is in the folder. Only the mark is removed.
//! - after 2: the file is in `ID`. If the note is there it goes on with step 4, if not with step 3. It is hyperd that
//!   decides: it ends with its server, and writes what was committed.
//! - after the file was removed or put into `failed`: a mark or a sentinel without its file, and none in the folder. The
//!   sentinel is removed if it is still what the mark says.
//!
//! A hyperd that is killed itself loses what it has not written, which no delivery has passed step 3 with.
//!
//! A file that is newer than its sentinel may still be written to: it is taken once nothing was seen to change for a while,
//! and said so. One that changes while it is read is read again; one that changes after that is kept in `failed`.
//!
//! Those who deliver may have no right to what the server may do. All work is done in folders that are held open, by names
//! that are followed through no link (see [`crate::files`]); `loading` and `failed` are the server's own or not used; hyperd
//! reads what is open, not what a path leads to; and what is no plain file with one name goes to `failed` unread.
//!
//! ```text
//! folder -> spool (claim) -> worker -> ingest (append and note) -> delivery (discard | fail | release)
//! ```

mod events;
mod ingest;
mod ledger;
mod left;
mod lock;
mod mark;
mod names;
mod spool;
mod start;
mod trust;
mod worker;

pub use start::{FolderRequest, start, stop};
