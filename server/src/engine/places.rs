//! Keeps a lease's statements apart from those that they must not meet.

use std::path::PathBuf;
use std::sync::Arc;

use super::apart::{Patience, Place, Uses};
use super::gate::Gate;
use super::lease::{Fate, Lease};
use super::pool::Lane;
use crate::call::Call;
use crate::error::Error;
use crate::limits;
use crate::sql;
use crate::sql::classify::{Kind, Statement, classify};

/// Statements that change rows and leave none of them in an older version which others may read.
const NO_UPDATES: [&str; 2] = ["INSERT", "DELETE"];

impl Lease {
    /// Takes the place of a transaction of these statements, before it begins.
    ///
    /// # Errors
    ///
    /// The call is interrupted.
    pub async fn reserve(&mut self, call: &Call, statements: &[String]) -> Result<(), Error> {
        let mut all = statements.iter().map(|sql| self.uses(sql, Some(&classify(sql))));
        let Some(first) = all.next() else { return Ok(()) };
        let uses = all.fold(first, Uses::and);
        self.take_place(call, uses).await
    }

    /// Waits until no statement is under way that `sql` must not meet, and keeps others from it. A query has no `statement`: it
    /// changes nothing.
    pub(super) async fn keep_apart(
        &mut self,
        call: &Call,
        sql: &str,
        statement: Option<&Statement>,
    ) -> Result<(), Error> {
        let uses = self.uses(sql, statement);
        if self.places.iter().any(|place| place.covers(&uses)) {
            return Ok(());
        }
        self.take_place(call, uses).await
    }

    /// Takes a place for a transaction that has none. It sees all tables as they were when it began, so that no table may be
    /// updated before its end that it may read.
    pub(super) async fn keep_apart_throughout(&mut self, call: &Call) -> Result<(), Error> {
        if !self.places.is_empty() {
            return Ok(());
        }
        let files = self.wanted.databases.iter().filter_map(|database| self.shared(&database.alias)).collect();
        self.take_place(call, Uses { files, ..Uses::default() }).await
    }

    /// Gives its places back, unless it is in a transaction or a statement may go on.
    pub(super) fn leave(&mut self) {
        if !self.transaction && self.fate != Fate::Doubtful {
            self.places.clear();
        }
    }

    async fn take_place(&mut self, call: &Call, uses: Uses) -> Result<(), Error> {
        // Whoever has a place already must not wait for one who waits for that place.
        let patience = match self.lane {
            Lane::Work if self.places.is_empty() => Patience::InTurn,
            Lane::Work | Lane::Look => Patience::Look,
        };
        let apart = Arc::clone(&self.idle().apart);
        let gates: Vec<_> = uses.updated_files.iter().map(|file| self.idle().gates.of(file)).collect();
        let own: Vec<u64> = self.places.iter().map(Place::id).collect();
        let mut entering = std::pin::pin!(apart.enter(call, uses, patience, own));
        let place = loop {
            match tokio::time::timeout(limits::ms(limits::GATE_PATIENCE_MS), &mut entering).await {
                Ok(entered) => break entered,
                // Statements that follow each other closely would keep it waiting for good.
                Err(_) => gates.iter().for_each(Gate::close),
            }
        };
        for gate in &gates {
            gate.open();
        }
        self.places.push(place?);
        Ok(())
    }

    fn uses(&self, sql: &str, statement: Option<&Statement>) -> Uses {
        let names = sql::names(sql);
        let is_named = |alias: &str| alias == self.database || names.as_ref().is_none_or(|names| names.contains(alias));
        let aliases = self.wanted.databases.iter().map(|database| database.alias.as_str());
        let mut uses = Uses {
            files: aliases.filter(|alias| is_named(alias)).filter_map(|alias| self.shared(alias)).collect(),
            ..Uses::default()
        };
        let updates =
            |statement: &&Statement| statement.kind == Kind::Dml && !NO_UPDATES.contains(&statement.verb.as_str());
        if let Some(statement) = statement.filter(updates) {
            for target in &statement.targets {
                let alias = if let [alias, _, _] = &target[..] { alias } else { &self.database };
                match self.shared(alias) {
                    Some(file) => drop(uses.updated_files.insert(file)),
                    None => uses.updates.extend(target.last().cloned()),
                }
            }
        }
        uses.names = names;
        uses
    }

    /// The file of a database that other servers can have.
    fn shared(&self, alias: &str) -> Option<PathBuf> {
        let found = self.wanted.databases.iter().find(|database| database.alias == alias);
        let is_shared = self.idle().apart.is_shared();
        found.filter(|database| is_shared && database.lasting).map(|database| database.real.clone())
    }
}
