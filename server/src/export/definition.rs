//! Tables' definitions, read from Hyper's catalogue and written out again for another database.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::Database;
use crate::session::catalog::Table;
use crate::sql;
use crate::words::listed;

/// What Hyper reports as the collation of a column that has none of its own.
const NO_COLLATION: &str = "default";
const CATALOG_PREFIX: &str = "\"pg_catalog\".";

/// A part of a definition that the copy does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Lost {
    /// The table, with its schema.
    table: String,
    /// Empty where the whole table is meant.
    column: String,
    /// Why.
    reason: String,
    /// What it was.
    detail: String,
}

/// How much of the tables' definitions a copy has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Fidelity {
    /// Whether nothing was lost.
    fully_preserved: bool,
    tables: usize,
    not_null_columns: usize,
    default_columns: usize,
    collated_columns: usize,
    assumed_primary_keys: usize,
    assumed_unique_constraints: usize,
    unpreserved: Vec<Lost>,
}

/// Defaults, collations and keys of a database, by table.
#[derive(Debug, Default)]
pub(super) struct Extras {
    columns: HashMap<(String, String, String), ColumnExtras>,
    keys: HashMap<(String, String), Vec<Key>>,
}

/// A column's default and its collation.
type ColumnExtras = (Option<String>, Option<String>);

#[derive(Debug)]
struct Key {
    kind: String,
    enforced: bool,
    columns: Vec<String>,
}

impl Extras {
    /// Reads them.
    pub(super) async fn read(lease: &mut Lease, call: &Call, database: &Database) -> Result<Self, Error> {
        let catalog = format!("{}.pg_catalog", sql::identifier(&database.alias));
        let columns = lease.rows(call, &columns_query(&catalog)).await?;
        let keys = lease.rows(call, &keys_query(&catalog)).await?;
        let mut extras = Self::default();
        for row in columns.rows {
            let [schema, table, column, default, collation] = texts(row)?;
            let collation = collation.filter(|name| name != NO_COLLATION);
            extras.columns.insert((named(schema), named(table), named(column)), (default, collation));
        }
        let mut keys_by_name: BTreeMap<[String; 4], Key> = BTreeMap::new();
        for row in keys.rows {
            let [schema, table, name, kind, enforced, column] = texts(row)?;
            let (kind, enforced) = (named(kind), enforced.as_deref() != Some("false"));
            let id = [named(schema), named(table), kind.clone(), named(name)];
            let key = keys_by_name.entry(id).or_insert_with(|| Key { kind, enforced, columns: Vec::new() });
            key.columns.push(named(column));
        }
        for ([schema, table, ..], key) in keys_by_name {
            extras.keys.entry((schema, table)).or_default().push(key);
        }
        Ok(extras)
    }

    /// The statement that makes `table` anew under the name `target`; `fidelity` is told what it has and what it lacks.
    pub(super) fn create(&self, table: &Table, target: &str, fidelity: &mut Fidelity) -> String {
        let mut items: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                let id = (table.place.schema.clone(), table.place.name.clone(), column.name.clone());
                let (default, collation) = self.columns.get(&id).cloned().unwrap_or_default();
                let mut item = format!("{} {}", sql::identifier(&column.name), column.sql_type);
                if let Some(collation) = collation {
                    item.push_str(&format!(" COLLATE {}", sql::identifier(&collation)));
                    fidelity.collated_columns += 1;
                }
                if !column.nullable {
                    item.push_str(" NOT NULL");
                    fidelity.not_null_columns += 1;
                }
                match default.as_deref().map(|text| portable(text).ok_or(text)) {
                    Some(Ok(expression)) => {
                        item.push_str(&format!(" DEFAULT {expression}"));
                        fidelity.default_columns += 1;
                    }
                    Some(Err(text)) => {
                        fidelity.lose(table, &column.name, "a default that depends on its database", text);
                    }
                    None => {}
                }
                item
            })
            .collect();
        for key in self.keys.get(&(table.place.schema.clone(), table.place.name.clone())).into_iter().flatten() {
            let columns: Vec<String> = key.columns.iter().map(|name| sql::identifier(name)).collect();
            let columns = columns.join(", ");
            match (key.kind.as_str(), key.enforced) {
                ("p", false) => {
                    items.push(format!("ASSUMED PRIMARY KEY ({columns})"));
                    fidelity.assumed_primary_keys += 1;
                }
                ("u", false) => {
                    items.push(format!("ASSUMED UNIQUE ({columns})"));
                    fidelity.assumed_unique_constraints += 1;
                }
                (kind, _) => {
                    let detail = format!("kind {kind} on {}", listed(key.columns.iter().map(String::as_str)));
                    fidelity.lose(table, "", "a constraint that Hyper does not take any more", &detail);
                }
            }
        }
        fidelity.tables += 1;
        format!("CREATE TABLE {target} ({})", items.join(", "))
    }
}

impl Fidelity {
    /// Says in the end whether anything was lost.
    pub(super) fn concluded(mut self) -> Self {
        self.fully_preserved = self.unpreserved.is_empty();
        self
    }

    fn lose(&mut self, table: &Table, column: &str, reason: &str, detail: &str) {
        self.unpreserved.push(Lost {
            table: format!("{}.{}", table.place.schema, table.place.name),
            column: column.to_owned(),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
        });
    }
}

fn columns_query(catalog: &str) -> String {
    format!(
        "SELECT n.nspname, c.relname, a.attname, CAST(d.adsrc AS TEXT), CAST(k.collname AS TEXT) \
         FROM {catalog}.pg_attribute a JOIN {catalog}.pg_class c ON c.oid = a.attrelid \
         JOIN {catalog}.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN {catalog}.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         LEFT JOIN {catalog}.pg_collation k ON k.oid = a.attcollation \
         WHERE c.relkind = 'r' AND a.attnum > 0 AND (d.adsrc IS NOT NULL OR k.collname IS NOT NULL)"
    )
}

fn keys_query(catalog: &str) -> String {
    format!(
        "SELECT n.nspname, c.relname, x.conname, CAST(x.contype AS TEXT), \
         CASE WHEN x.convalidated THEN 'true' ELSE 'false' END, a.attname \
         FROM {catalog}.pg_constraint x JOIN {catalog}.pg_class c ON c.oid = x.conrelid \
         JOIN {catalog}.pg_namespace n ON n.oid = c.relnamespace, \
         unnest(x.conkey) WITH ORDINALITY AS k(attnum, place) \
         JOIN {catalog}.pg_attribute a ON a.attrelid = x.conrelid AND a.attnum = k.attnum ORDER BY k.place"
    )
}

fn texts<const N: usize>(row: Vec<Value>) -> Result<[Option<String>; N], Error> {
    let text = |value: Value| value.as_str().map(str::to_owned);
    let row: Vec<Option<String>> = row.into_iter().map(text).collect();
    row.try_into().map_err(|_| Error::internal("Hyper's catalogue has another shape than expected."))
}

fn named(name: Option<String>) -> String {
    name.unwrap_or_default()
}

/// A default that means the same in every database.
///
/// Hyper keeps the names of functions with the database that the column was made in, under the alias that it had then;
/// without it they are found anywhere. Any other name goes nowhere from there.
fn portable(expression: &str) -> Option<String> {
    let mut outside = true;
    let mut parts = Vec::new();
    for part in expression.split('\'') {
        parts.push(if outside { without_database(part)? } else { part.to_owned() });
        outside = !outside;
    }
    Some(parts.join("'"))
}

fn without_database(text: &str) -> Option<String> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(CATALOG_PREFIX) {
        let before = &rest[..at];
        let database = before.strip_suffix("\".").and_then(|name| name.rfind('"'));
        kept.push_str(&before[..database.unwrap_or(at)]);
        kept.push_str(CATALOG_PREFIX);
        rest = &rest[at + CATALOG_PREFIX.len()..];
    }
    kept.push_str(rest);
    let quotes_of_functions = 4 * kept.matches(CATALOG_PREFIX).count();
    (kept.matches('"').count() == quotes_of_functions).then_some(kept)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::portable;

    #[rstest]
    #[case::number("-1.5", Some("-1.5"))]
    #[case::text("'it''s \"x\"'", Some("'it''s \"x\"'"))]
    #[case::function("\"src\".\"pg_catalog\".\"now\"()", Some("\"pg_catalog\".\"now\"()"))]
    #[case::portable_already("\"pg_catalog\".\"now\"()", Some("\"pg_catalog\".\"now\"()"))]
    #[case::nested(
        "1 + \"a\".\"pg_catalog\".\"length\"(\"a\".\"pg_catalog\".\"upper\"('\"a\".'))",
        Some("1 + \"pg_catalog\".\"length\"(\"pg_catalog\".\"upper\"('\"a\".'))")
    )]
    #[case::other_schema("\"src\".\"public\".\"f\"()", None)]
    fn defaults_lose_their_database(#[case] expression: &str, #[case] expected: Option<&str>) {
        assert_eq!(portable(expression).as_deref(), expected);
    }
}
