//! What was probably meant by a name that nothing was found under. It is looked for once the call has failed and holds
//! nothing any more, for a short while only, and it is no failure of its own where that finds nothing.

use super::catalog::{self, Table};
use super::databases::Database;
use super::lifecycle::Session;
use super::table_name::parts;
use crate::call::Call;
use crate::error::{Error, Sought, UNDEFINED_TABLE};
use crate::limits;
use crate::sql;
use crate::words::{listed, nearest};

/// What an error says that Hyper did not find.
#[derive(Debug, PartialEq, Eq)]
enum Unknown {
    Table(Vec<String>),
    Schema(Vec<String>),
    Column(String),
}

impl Session {
    /// The error of a call; where it names what there is not, with the name that was probably meant.
    pub async fn hinted(&self, call: &Call, mut error: Error) -> Error {
        let Some(sought) = error.sought.take() else { return error };
        let found = tokio::time::timeout(limits::ms(limits::HINT_DEADLINE_MS), self.meant(call, &sought, &error)).await;
        if let Ok(Ok(hints)) = found
            && !hints.is_empty()
        {
            let known = error.suggestion.take().unwrap_or_default();
            error = error.suggest(format!("{} {known}", hints.join(" ")).trim_end().to_owned());
        }
        error
    }

    async fn meant(&self, call: &Call, sought: &Sought, error: &Error) -> Result<Vec<String>, Error> {
        match sought {
            Sought::Table { database, name } => {
                let parts = parts(name).unwrap_or_else(|| vec![name.clone()]);
                let own = parts.last().map(|part| part.rsplit('.').next().unwrap_or(part)).unwrap_or_default();
                self.tables_meant(call, database, &parts.join("."), own).await
            }
            Sought::InSql { database, sql } => match unknown(error) {
                Some(Unknown::Table(parts)) => {
                    let alias = if let [alias, _, _] = &parts[..] { alias } else { database };
                    let own = parts.last().cloned().unwrap_or_default();
                    self.tables_meant(call, alias, &own, &own).await
                }
                Some(Unknown::Schema(parts)) => self.schemas_meant(call, database, &parts).await,
                Some(Unknown::Column(name)) => self.columns_meant(call, database, sql, &name).await,
                None => Ok(Vec::new()),
            },
        }
    }

    /// Where a table is that was looked for in the database `alias`, by the name that was written or its last part.
    async fn tables_meant(&self, call: &Call, alias: &str, typed: &str, own: &str) -> Result<Vec<String>, Error> {
        let is_it = |table: &Table| {
            [table.shown.as_str(), &table.place.name].iter().any(|name| [typed, own].contains(name))
                || table.place.name.to_lowercase() == own.to_lowercase()
        };
        let (mut near, mut far, mut elsewhere) = (None, None, Vec::new());
        for database in self.databases() {
            // One that cannot be looked into has nothing to say.
            let Ok(tables) = self.tables_of(call, &database).await else { continue };
            let names = || tables.iter().map(|table| table.shown.as_str());
            let like = || {
                let whole = nearest(typed, names());
                whole.or_else(|| {
                    let short = nearest(own, tables.iter().map(|table| table.place.name.as_str()))?;
                    tables.iter().find(|table| table.place.name == short).map(|table| table.shown.as_str())
                })
            };
            let here = tables.iter().find(|table| is_it(table));
            if database.alias == alias {
                near = here.map(|table| table.shown.as_str()).or_else(like).map(str::to_owned);
            } else if let Some(table) = here {
                elsewhere.push((table.clone(), database));
            } else if far.is_none() {
                far = like().map(|name| format!("Did you mean `{name}` in `{}`?", database.alias));
            }
        }
        let mut hints = Vec::new();
        if let Some((table, database)) = elsewhere.first() {
            let also = elsewhere[1..].iter().map(|(_, database)| database.alias.as_str());
            let also = if elsewhere.len() > 1 { format!(" (and in {})", listed(also)) } else { String::new() };
            hints.push(format!(
                "`{}` is in `{alias}`{also}: name it with database: \"{alias}\", or as {} in SQL.",
                table.shown,
                full_name(table, database),
                alias = database.alias
            ));
        }
        let asked = near.map(|name| format!("Did you mean `{name}`?"));
        hints.extend(asked.or_else(|| far.filter(|_| hints.is_empty())));
        Ok(hints)
    }

    async fn schemas_meant(&self, call: &Call, database: &str, parts: &[String]) -> Result<Vec<String>, Error> {
        let databases = self.databases();
        let aliases = || databases.iter().map(|database| database.alias.as_str());
        let (alias, schema) = match parts {
            [first] if aliases().any(|alias| alias == first.to_lowercase()) => {
                let first = first.to_lowercase();
                return Ok(vec![format!("`{first}` is a database: write {first}.public before the table's name.")]);
            }
            [schema] => (database, schema),
            [alias, schema] if aliases().any(|known| known == alias) => (alias.as_str(), schema),
            [alias, _] => {
                let near = nearest(alias, aliases());
                return Ok(near.map(|name| format!("Did you mean `{name}`?")).into_iter().collect());
            }
            _ => return Ok(Vec::new()),
        };
        let Some(database) = databases.iter().find(|known| known.alias == alias) else { return Ok(Vec::new()) };
        let tables = self.tables_of(call, database).await?;
        let near = nearest(schema, tables.iter().map(|table| table.place.schema.as_str()));
        let near = near.map(|name| format!("Did you mean the schema {}?", sql::written(name)));
        Ok(near.into_iter().collect())
    }

    /// Columns of the tables that a statement names.
    async fn columns_meant(&self, call: &Call, sent_to: &str, sql: &str, name: &str) -> Result<Vec<String>, Error> {
        let Some(words) = sql::names(sql) else { return Ok(Vec::new()) };
        let mut named = Vec::new();
        for database in self.databases() {
            if database.alias == sent_to || words.contains(&database.alias) {
                let tables = self.tables_of(call, &database).await?;
                named.extend(tables.into_iter().filter(|table| words.contains(&table.place.name)));
            }
        }
        let columns = |table: &'_ Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        let all: Vec<String> = named.iter().flat_map(columns).collect();
        if let Some(near) = nearest(name, all.iter().map(String::as_str)) {
            let of = named.iter().find(|table| table.columns.iter().any(|column| column.name == near));
            let of = of.map(|table| format!(" of `{}`", table.shown)).unwrap_or_default();
            return Ok(vec![format!("Did you mean {}{of}?", sql::written(near))]);
        }
        Ok(match &named[..] {
            [table] => {
                let columns = listed(table.columns.iter().map(|column| column.name.as_str()));
                vec![format!("`{}` has the columns {columns}.", table.shown)]
            }
            _ => Vec::new(),
        })
    }

    async fn tables_of(&self, call: &Call, database: &Database) -> Result<Vec<Table>, Error> {
        let mut lease = self.look(call, database).await?;
        catalog::tables(&mut lease, call, database).await
    }
}

/// A table's name in SQL sent to any database.
fn full_name(table: &Table, database: &Database) -> String {
    let parts = [&database.alias, &table.place.schema, &table.place.name].map(|part| sql::written(part));
    parts.join(".")
}

/// What Hyper did not find, by its own words.
fn unknown(error: &Error) -> Option<Unknown> {
    let message = error.message.lines().next()?;
    let quoted = |quote: char| {
        let (start, end) = (message.find(quote)?, message.rfind(quote)?);
        (start < end).then(|| &message[start..=end])
    };
    match error.sqlstate.as_deref()? {
        // Older releases say so of a column of UPDATE under the state of syntax errors.
        "42601" if !message.starts_with("unknown column") => None,
        UNDEFINED_TABLE => Some(Unknown::Table(parts(quoted('"')?)?)),
        "3F000" => Some(Unknown::Schema(parts(quoted('"')?)?)),
        "42703" | "42601" => {
            let bare = quoted('\'').map(|name| name.trim_matches('\'').to_owned());
            bare.or_else(|| parts(quoted('"')?)?.pop()).map(Unknown::Column)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Unknown, unknown};
    use crate::error::{Code, Error};

    fn owned(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    /// Hyper's own words, from 0.0.26963.
    #[rstest]
    #[case::table("42P01", "table \"nobody\" does not exist", Some(Unknown::Table(owned(&["nobody"]))))]
    #[case::full("42P01", "table \"a\".\"E\".\"no\"\"t\" does not exist", Some(Unknown::Table(owned(&["a", "E", "no\"t"]))))]
    #[case::altered("42P01", "unknown table \"x\"\nUnqualified \"names\"", Some(Unknown::Table(owned(&["x"]))))]
    #[case::schema("3F000", "schema \"ghost\".\"public\" does not exist", Some(Unknown::Schema(owned(&["ghost", "public"]))))]
    #[case::column("42703", "unknown column 'idd'", Some(Unknown::Column("idd".to_owned())))]
    #[case::of_table("42703", "unknown column \"o\".\"idd\"", Some(Unknown::Column("idd".to_owned())))]
    #[case::dropped("42703", "column 'idx' does not exist", Some(Unknown::Column("idx".to_owned())))]
    #[case::of_update("42601", "unknown column 'distances'", Some(Unknown::Column("distances".to_owned())))]
    #[case::other("42601", "syntax error: got \"x\"", None)]
    #[case::other_words("42P01", "no such table", None)]
    fn what_is_unknown_is_read(#[case] state: &str, #[case] message: &str, #[case] expected: Option<Unknown>) {
        assert_eq!(unknown(&Error::new(Code::SqlError, message).with_sqlstate(state)), expected);
    }
}
