//! What a statement changes on disk: whether it can be written out afterwards, and the note that it is to be.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use super::connection::{Attached, Attachment};
use super::lease::Lease;
use super::on_disk;
use crate::call::{Call, OnDisk, Unwritten};
use crate::error::{Code, Error};
use crate::sql;
use crate::sql::classify::{Kind, Statement};

impl Lease {
    /// The lasting files that a statement changes.
    fn changed(&mut self, statement: &Statement) -> Result<Vec<(Attachment, OnDisk)>, Error> {
        let database = self.database.clone();
        let connection = self.connection()?;
        if !matches!(statement.kind, Kind::Dml | Kind::Ddl) {
            return Ok(Vec::new());
        }
        let alias = |name: &[String]| if let [alias, _, _] = name { alias.clone() } else { database.clone() };
        let aliases: BTreeSet<String> = statement.targets.iter().map(|name| alias(name)).collect();
        let file = |Attached { database, before, .. }: &Attached| {
            aliases.contains(&database.alias).then(|| Some((database.clone(), before.clone()?))).flatten()
        };
        Ok(connection.attached.iter().filter_map(file).collect())
    }

    /// Sees to it that what a statement changes can be written out afterwards.
    pub(super) async fn secure(&mut self, statement: &Statement) -> Result<(), Error> {
        for (database, before) in self.changed(statement)? {
            let path = &database.real;
            if !on_disk::is_same_file(path, &before) {
                self.retire();
                self.idle().let_go(Instant::now(), |held| held.real == *path).await;
                return Err(replaced(path));
            }
            self.reserves.push(self.disk.reserves.take(path).await?);
        }
        Ok(())
    }

    /// Notes in the call which files are to be on disk before it is answered as done.
    pub(super) fn note_change(&mut self, call: &Call, statement: &Statement, certain: bool) -> Result<(), Error> {
        let epoch = self.epoch();
        for (database, before) in self.changed(statement)? {
            let (attached_as, since) = (database.path, Instant::now());
            call.changed(&database.real, Unwritten { epoch, attached_as, before, certain, since });
        }
        Ok(())
    }
}

/// Whether a statement that changes what tables there are, and that has succeeded, has left its trace in the file. One
/// with IF may have found nothing to do.
pub(super) fn changes_for_certain(statement: &Statement, sql: &str) -> bool {
    let defines = statement.kind == Kind::Ddl && ["CREATE", "ALTER", "DROP"].contains(&statement.verb.as_str());
    defines && sql::names(sql).is_some_and(|names| !names.contains("if"))
}

/// The error of a change that would go into a file that nobody finds any more.
pub(super) fn replaced(path: &Path) -> Error {
    Error::new(
        Code::IoError,
        format!("{} was deleted or replaced by another file while it was in use.", path.display()),
    )
    .suggest(
        "Nothing was changed. Call again to use the file that is there now; if none is, put it back, or detach the \
         database and attach another one.",
    )
}
