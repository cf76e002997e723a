//! What only Hyper reads: its own files, and Iceberg. It hands them on as Arrow.
//!
//! The hyperd is the run's own and none that a server under test knows, so that a file is read as it lies on the disk.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Content, Unread, ipc};
use crate::capabilities::wire::{Broken, Failed, Wire};

/// How long it may take. A step's own deadline is shorter unless it says `within`.
const READ_DEADLINE: Duration = Duration::from_mins(1);

/// The name that the file has for SQL.
const ALIAS: &str = "file";

/// What the names begin with of tables that a server keeps for itself; nobody means one without naming it.
const BOOKKEEPING: char = '_';

/// Every table of a file but Hyper's own.
const TABLES: &str = r#"SELECT n.nspname, c.relname
    FROM "file"."pg_catalog"."pg_class" AS c JOIN "file"."pg_catalog"."pg_namespace" AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"#;

/// Reads a table of a database file: the one that is named, or the only one.
///
/// # Errors
///
/// Why there is no such table, or hyperd's own words on the file.
pub(super) fn read(endpoint: &str, path: &Path, table: Option<&str>) -> Result<Content, Unread> {
    let mut wire = connect(endpoint)?;
    answered(wire.query(&format!("ATTACH DATABASE {} AS {}", quoted(&path.to_string_lossy()), quoted(ALIAS))))?;
    let read = chosen(&mut wire, table).and_then(|(schema, table)| {
        let source = [ALIAS, &schema, &table].map(quoted).join(".");
        copy(&mut wire, &format!("SELECT * FROM {source}"))
    });
    // hyperd holds the file until then, and the next step may want it.
    answered(wire.query(&format!("DETACH DATABASE {}", quoted(ALIAS))))?;
    read
}

/// Reads a folder that holds an Iceberg table.
///
/// # Errors
///
/// hyperd's own words on it.
pub(super) fn read_iceberg(endpoint: &str, path: &Path) -> Result<Content, Unread> {
    let path = path.to_string_lossy().replace('\'', "''");
    copy(&mut connect(endpoint)?, &format!("SELECT * FROM external('{path}', FORMAT => 'iceberg')"))
}

fn connect(endpoint: &str) -> Result<Wire, Unread> {
    Wire::connect(endpoint, None, Instant::now() + READ_DEADLINE)
        .map_err(|broken| Unread::NoReader(format!("hyperd, which would read it: {broken}")))
}

/// The schema and the name of the table that is meant.
fn chosen(wire: &mut Wire, wanted: Option<&str>) -> Result<(String, String), Unread> {
    let rows = answered(wire.query(TABLES))?.rows;
    let tables: Vec<(String, String)> = rows
        .into_iter()
        .filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(schema), Some(table)]) => Some((schema, table)),
            _ => None,
        })
        .collect();
    let is_own = |(_, table): &&(String, String)| !table.starts_with(BOOKKEEPING);
    let names: Vec<String> = tables.iter().map(|(schema, table)| format!("`{schema}.{table}`")).collect();
    let meant = |one: &&(String, String)| match wanted {
        Some(wanted) => wanted == one.1 || wanted == format!("{}.{}", one.0, one.1),
        None => is_own(one),
    };
    match (tables.iter().filter(meant).collect::<Vec<_>>().as_slice(), wanted) {
        ([one], _) => Ok((*one).clone()),
        ([], None) => Err(Unread::Bad("it has no table".to_owned())),
        ([], Some(wanted)) => Err(Unread::Bad(format!("it has no table `{wanted}`; it has {}", names.join(", ")))),
        _ => Err(Unread::Bad(format!("it has several tables, and `table:` must name one of {}", names.join(", ")))),
    }
}

fn copy(wire: &mut Wire, query: &str) -> Result<Content, Unread> {
    let bytes = answered(wire.copy_out(&format!("COPY ({query}) TO STDOUT WITH (FORMAT => 'arrowstream')")))?;
    ipc::stream(&bytes).map_err(Unread::Bad)
}

fn answered<T>(answer: Result<Result<T, Failed>, Broken>) -> Result<T, Unread> {
    /// The only sign of it: hyperd gives each reason for which a file does not open the same SQLSTATE.
    const LOCKED: &str = "locked by another process";
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(failed)) if failed.message.contains(LOCKED) => Err(Unread::Locked(failed.message)),
        Ok(Err(failed)) => Err(Unread::Bad(failed.message)),
        Err(broken) => Err(Unread::NoReader(format!("hyperd, which read it: {broken}"))),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
