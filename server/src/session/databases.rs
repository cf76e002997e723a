//! The registry of databases and the rules for their names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::handover::Handed;
use crate::args::Target;
use crate::engine::{Attachment, Attachments};
use crate::error::Error;
use crate::files::Found;
use crate::limits;
use crate::words::{excerpt, listed, nearest};

/// The alias of the session's own database.
pub const LOCAL: &str = "local";
/// The alias of the database that outlives the session.
pub const PERSISTENT: &str = "persistent";
/// Names that mean something else to Hyper.
const TAKEN_BY_HYPER: [&str; 3] = ["information_schema", "pg_catalog", "public"];

/// How a database came into the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The session's own, deleted at its end.
    Local,
    /// The one that outlives the session.
    Persistent,
    /// Attached by a call.
    Attached,
}

/// A database of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name in SQL and in answers, lower case.
    pub alias: String,
    /// Its file, without symbolic links.
    pub path: PathBuf,
    /// How it came here.
    pub kind: Kind,
    /// Whether calls may change it.
    pub writable: bool,
    /// The file as it was opened, where hyperd is to open no other.
    pub(super) handed: Option<Arc<Handed>>,
}

impl Database {
    /// The path under which hyperd has its file.
    pub fn file(&self) -> &Path {
        self.handed.as_deref().map_or(&self.path, Handed::path)
    }
}

/// All databases of a session, in the order in which they were attached.
#[derive(Debug, Default)]
pub(super) struct Databases {
    list: Vec<(Database, u64)>,
    version: u64,
    /// Whether no file that outlives the session may change.
    read_only: bool,
}

impl Databases {
    /// None yet; of a read-only server where `read_only` says so.
    pub(super) fn new(read_only: bool) -> Self {
        Self { read_only, ..Self::default() }
    }

    pub(super) fn add(&mut self, database: Database) {
        self.version += 1;
        self.list.push((database, self.version));
    }

    pub(super) fn remove(&mut self, alias: &str) {
        self.version += 1;
        self.list.retain(|(database, _)| database.alias != alias);
    }

    /// Puts another file under an alias, in the same place of the order.
    pub(super) fn replace(&mut self, alias: &str, path: &Path) {
        self.version += 1;
        for (database, generation) in self.list.iter_mut().filter(|(database, _)| database.alias == alias) {
            path.clone_into(&mut database.path);
            *generation = self.version;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Database> {
        self.list.iter().map(|(database, _)| database)
    }

    pub(super) fn find(&self, alias: &str) -> Option<&Database> {
        self.iter().find(|database| database.alias == alias)
    }

    /// The database that has this file, under whatever of its names.
    pub(super) fn holding(&self, path: &Path) -> Option<&Database> {
        let found = path.metadata().ok().map(|metadata| Found::of(&metadata));
        let is_same = |database: &&Database| {
            let there = database.file().metadata().ok().map(|metadata| Found::of(&metadata));
            matches!((found, there), (Some(found), Some(there)) if found.is_same(&there))
        };
        self.iter().find(|database| database.path == path).or_else(|| self.iter().find(is_same))
    }

    pub(super) fn attachments(&self) -> Attachments {
        let attachment = |(database, generation): &(Database, u64)| self.attachment(database, *generation);
        Attachments { version: self.version, databases: self.list.iter().map(attachment).collect() }
    }

    /// The attachments as they will be once `database` is added.
    pub(super) fn attachments_with(&self, database: &Database) -> Attachments {
        let mut attachments = self.attachments();
        attachments.version += 1;
        attachments.databases.push(self.attachment(database, attachments.version));
        attachments
    }

    fn attachment(&self, database: &Database, generation: u64) -> Attachment {
        Attachment {
            alias: database.alias.clone(),
            path: database.file().to_owned(),
            real: database.path.clone(),
            generation,
            lasting: database.kind != Kind::Local,
            read_only: self.is_protected(database),
        }
    }

    /// Whether no call may change a database.
    pub(super) fn is_protected(&self, database: &Database) -> bool {
        !database.writable || (self.read_only && database.kind != Kind::Local)
    }

    /// The database that a call goes to.
    pub(super) fn resolve(&self, target: &Target) -> Result<Database, Error> {
        let alias = match &target.database {
            Some(typed) => typed.to_lowercase(),
            None if target.persist => PERSISTENT.to_owned(),
            None => LOCAL.to_owned(),
        };
        if let Some(database) = self.find(&alias) {
            return Ok(database.clone());
        }
        if alias == PERSISTENT {
            return Err(Error::invalid(
                "This session has no `persistent` database: it was started with --ephemeral-only.",
            )
            .suggest("Leave out `database` and `persist` to use `local`, or attach a file with attach_database."));
        }
        let typed = target.database.as_deref().unwrap_or(&alias);
        let names = || self.iter().map(|database| database.alias.as_str());
        let error =
            Error::invalid(format!("No database {} is attached; there are {}.", excerpt(typed), listed(names())));
        Err(match nearest(&alias, names()) {
            Some(name) => {
                error.suggest(format!("Did you mean `{name}`? If not, attach the file with attach_database."))
            }
            None => error.suggest("Attach the file with attach_database first, or use one of the names above."),
        })
    }
}

/// The alias that `typed` stands for, or why it cannot be one. The error keeps what was typed.
pub(super) fn alias(typed: &str) -> Result<String, Error> {
    let alias = typed.to_lowercase();
    let mut bytes = alias.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_');
    if !starts || !bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(Error::invalid(format!("{} cannot be an alias.", excerpt(typed))).suggest(
            "An alias has letters a to z, digits and underscores, and starts with no digit: for example `sales_2024`.",
        ));
    }
    if alias.len() > limits::IDENTIFIER_BYTES_MAX {
        let max = limits::IDENTIFIER_BYTES_MAX;
        return Err(Error::invalid(format!("The alias {} is longer than {max} bytes.", excerpt(typed)))
            .suggest("Choose a shorter alias."));
    }
    let reserved = [LOCAL, PERSISTENT].contains(&alias.as_str());
    if reserved || TAKEN_BY_HYPER.contains(&alias.as_str()) || alias.starts_with("pg_") {
        return Err(Error::invalid(format!("The alias {} is reserved.", excerpt(typed)))
            .suggest("Choose another alias; `local`, `persistent`, `public` and names of Hyper's own are taken."));
    }
    Ok(alias)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Database, Databases, Kind, LOCAL, PERSISTENT, alias};
    use crate::args::Target;

    #[rstest]
    #[case::plain("lake", "lake")]
    #[case::lowered("Lake_2024", "lake_2024")]
    #[case::underscore("_x", "_x")]
    fn aliases_are_lowered(#[case] typed: &str, #[case] expected: &str) {
        assert_eq!(alias(typed).expect("a valid alias"), expected);
    }

    #[rstest]
    #[case::empty("")]
    #[case::digit_first("1a")]
    #[case::space("My Lake")]
    #[case::quote("a'b")]
    #[case::umlaut("Müll")]
    #[case::local("Local")]
    #[case::persistent("PERSISTENT")]
    #[case::hyper("pg_temp")]
    #[case::public("public")]
    fn bad_aliases_are_refused_as_typed(#[case] typed: &str) {
        let error = alias(typed).expect_err("an invalid alias");
        assert!(error.message.contains(typed), "{error}");
    }

    #[test]
    fn long_aliases_are_refused() {
        assert!(alias(&"a".repeat(63)).is_ok());
        assert!(alias(&"a".repeat(64)).is_err());
    }

    fn target(database: Option<&str>, persist: bool) -> Target {
        Target { database: database.map(str::to_owned), persist }
    }

    #[rstest]
    #[case::default(target(None, false), Some("local"))]
    #[case::persist(target(None, true), Some("persistent"))]
    #[case::any_case(target(Some("LAKE"), false), Some("lake"))]
    #[case::database_wins(target(Some("lake"), true), Some("lake"))]
    #[case::unknown(target(Some("ghost"), true), None)]
    fn calls_go_where_they_say(#[case] target: Target, #[case] expected: Option<&str>) {
        let mut databases = Databases::default();
        for (name, kind) in [(LOCAL, Kind::Local), (PERSISTENT, Kind::Persistent), ("lake", Kind::Attached)] {
            databases.add(Database { alias: name.into(), path: name.into(), kind, writable: true, handed: None });
        }
        assert_eq!(databases.resolve(&target).ok().map(|database| database.alias).as_deref(), expected);
    }
}
