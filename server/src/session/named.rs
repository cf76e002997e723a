//! The table of a database that a client names, by the rule of [`super::table_name`].

use std::collections::BTreeSet;

use serde_json::Value;

use super::catalog::is_bookkeeping;
use super::databases::Database;
use super::lifecycle::Session;
use super::table_name::{OF_HYPER, Place, Reading, check_name, parts, reading, shown};
use crate::call::Call;
use crate::error::Error;
use crate::sql;
use crate::words::excerpt;

/// A table that a client named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where it is, or where it belongs that is not there yet.
    pub place: Place,
    /// The name that describe shows for it.
    pub shown: String,
}

impl Session {
    /// The table that a client names in `database`, whether it is there or not. It may take a connection of its own: call
    /// it with none in hand.
    pub async fn table(&self, call: &Call, database: &Database, typed: &str) -> Result<Named, Error> {
        check_name(typed)?;
        let parts = parts(typed);
        let at_once = |name: &str| Named { place: Place::public(name), shown: name.to_owned() };
        let named = match parts.as_deref() {
            Some([name]) if !Place::public(name).is_odd() => at_once(name),
            None if !typed.contains('.') => at_once(typed),
            Some([_] | [_, _]) | None => self.looked_up(call, database, typed).await?,
            Some(_) => {
                return Err(Error::invalid(format!("{} has more parts than a schema and a table.", excerpt(typed)))
                    .suggest("Name the database with `database`, and the table as describe shows it."));
            }
        };
        check_name(&named.place.name)?;
        Ok(named)
    }

    async fn looked_up(&self, call: &Call, database: &Database, typed: &str) -> Result<Named, Error> {
        let (schemas, mut tables) = {
            let mut lease = self.lease(call, database).await?;
            let alias = sql::identifier(&database.alias);
            let all = format!(
                "SELECT n.nspname::text, c.relname::text FROM {alias}.pg_catalog.pg_namespace n \
                 LEFT JOIN {alias}.pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r' \
                 WHERE n.nspname NOT IN ({})",
                OF_HYPER.map(sql::literal).join(", ")
            );
            let rows = lease.rows(call, &all).await?.rows;
            let text = |row: &[Value], at: usize| row.get(at).and_then(Value::as_str).map(str::to_owned);
            let schemas: BTreeSet<String> = rows.iter().filter_map(|row| text(row, 0)).collect();
            let place = |row: &Vec<Value>| Some(Place { schema: text(row, 0)?, name: text(row, 1)? });
            let tables: Vec<Place> =
                rows.iter().filter_map(place).filter(|place| !is_bookkeeping(&place.name)).collect();
            (schemas, tables)
        };
        let schemas = schemas.iter().map(String::as_str).collect();
        let place = match reading(typed, &schemas, &tables) {
            Reading::There(place) => place,
            Reading::Several(places) => return Err(several(typed, database, &places)),
            Reading::Free(place) if !schemas.contains(place.schema.as_str()) => {
                let schema = sql::identifier(&place.schema);
                let (alias, typed) = (&database.alias, excerpt(typed));
                return Err(Error::invalid(format!("There is no schema {schema} in `{alias}` for the table {typed}."))
                    .suggest("Make it with execute, CREATE SCHEMA, or name a table without one."));
            }
            Reading::Free(place) => {
                if place == Place::public(typed) {
                    self.refuse_other_place(typed)?;
                }
                tables.push(place.clone());
                place
            }
        };
        let at = tables.iter().position(|table| *table == place);
        let shown = at.and_then(|at| shown(&tables).into_iter().nth(at));
        Ok(Named { shown: shown.unwrap_or_else(|| place.certain()), place })
    }

    /// Refuses a new table of `public` whose name says that another place is meant: a database, or a schema of Hyper's.
    fn refuse_other_place(&self, typed: &str) -> Result<(), Error> {
        let Some((first, rest)) = typed.split_once('.') else { return Ok(()) };
        let first = first.to_lowercase();
        let whole = Place::public(typed).certain();
        if OF_HYPER.contains(&first.as_str()) {
            return Err(Error::invalid(format!("`{first}` in {} is a schema of Hyper's own.", excerpt(typed)))
                .suggest("Choose another name for the table."));
        }
        if self.databases().iter().any(|database| database.alias == first) {
            let table = rest.strip_prefix("public.").unwrap_or(rest);
            return Err(Error::invalid(format!(
                "`{first}` in {} is a database, which `table` does not name.",
                excerpt(typed)
            ))
            .suggest(format!(
                "Give database: \"{first}\" and the table {}. A table of that very name, dot and all, is written with \
                 quotes: {whole}.",
                excerpt(table)
            )));
        }
        Ok(())
    }
}

/// The refusal of a name that stands for several tables.
pub(super) fn several(typed: &str, database: &Database, places: &[Place]) -> Error {
    let kind = |place: &Place| {
        let [schema, name] = [&place.schema, &place.name].map(|part| excerpt(part));
        format!("{} (table {name} of the schema {schema})", place.certain())
    };
    let readings: Vec<String> = places.iter().map(kind).collect();
    let first = places.first().map(Place::certain).unwrap_or_default();
    Error::invalid(format!(
        "{} can be read in several ways in `{}`: {}.",
        excerpt(typed),
        database.alias,
        readings.join(" or ")
    ))
    .suggest(format!("Write the one that you mean with its quotes; every tool takes it so: {}.", Value::from(first)))
}
