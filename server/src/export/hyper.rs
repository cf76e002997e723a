//! A Hyper database with the tables of another one: their rows, and as much of their definitions as Hyper takes back.

use std::collections::BTreeSet;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Exporter;
use super::copy::explained;
use super::definition::{Extras, Fidelity};
use super::run::{Job, Source, Written};
use crate::call::Call;
use crate::engine::Lease;
use crate::error::Error;
use crate::session::catalog::{self, PUBLIC, Table};
use crate::sql;

/// What the new database is called while it is written; no alias of a user's has a space.
const ALIAS: &str = "hyperd-mcp export";

/// A Hyper database.
pub(super) struct Hyper;

impl Exporter for Hyper {
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>> {
        export(job).boxed()
    }
}

async fn export(job: &Job<'_>) -> Result<Written, Error> {
    let mut lease = job.lease().await?;
    let tables = wanted(job, &mut lease).await?;
    let extras = Extras::read(&mut lease, job.call, job.database).await?;
    let unfinished = job.place.unfinished_database(job.session)?;
    create(job, &mut lease, unfinished.path()).await?;
    // From here on the connection has a file attached that is nobody else's.
    lease.retire();
    let attach = format!("ATTACH DATABASE {} AS {}", quoted(unfinished.path()), sql::identifier(ALIAS));
    let filled = match lease.execute(job.call, &attach).await {
        Ok(_) => fill(job, &mut lease, &tables, &extras).await,
        Err(error) => Err(error),
    };
    lease.rollback().await;
    // Only what is detached is on disk as a whole.
    let detach = format!("DETACH DATABASE {}", sql::identifier(ALIAS));
    let detached = lease.execute(&Call::housekeeping(), &detach).await;
    drop(lease);
    let (rows, fidelity) = filled.map_err(|error| explained(error, job))?;
    detached?;
    let bytes = job.place.finish(&unfinished)?;
    Ok(Written { rows, bytes, fidelity: Some(fidelity.concluded()) })
}

async fn wanted(job: &Job<'_>, lease: &mut Lease) -> Result<Vec<Table>, Error> {
    match job.source {
        Source::Database => catalog::tables(lease, job.call, job.database).await,
        Source::Table(name) => Ok(vec![catalog::table(lease, job.call, job.database, name).await?]),
        Source::Query(_) => Err(Error::invalid("The format hyper copies tables, and `sql` names none.").suggest(
            "Leave `sql` out, or write the rows to a table of an attached file: attach_database with on_missing: \
             \"create\", then copy_query.",
        )),
    }
}

/// Makes the new database in the version of the old one, which decides what types it can hold.
async fn create(job: &Job<'_>, lease: &mut Lease, path: &Path) -> Result<(), Error> {
    let version = format!(
        "SELECT CAST(database_version AS BIGINT) FROM {}.pg_catalog.hyper_database WHERE datname = {}",
        sql::identifier(&job.database.alias),
        sql::literal(&job.database.file().to_string_lossy())
    );
    let version = lease.count(job.call, &version).await?;
    let create = format!("CREATE DATABASE {} WITH VERSION {version}", quoted(path));
    lease.execute(job.call, &create).await.map_err(|error| explained(error, job)).map(drop)
}

/// Copies all rows in one transaction, so that they are of one moment.
async fn fill(job: &Job<'_>, lease: &mut Lease, tables: &[Table], extras: &Extras) -> Result<(u64, Fidelity), Error> {
    let mut copy = job.database.clone();
    ALIAS.clone_into(&mut copy.alias);
    let schemas: BTreeSet<&str> =
        tables.iter().map(|table| table.place.schema.as_str()).filter(|name| *name != PUBLIC).collect();
    for schema in schemas {
        let create = format!("CREATE SCHEMA {}.{}", sql::identifier(ALIAS), sql::identifier(schema));
        lease.execute(job.call, &create).await?;
    }
    let mut fidelity = Fidelity::default();
    for table in tables {
        let create = extras.create(table, &table.place.quoted(&copy), &mut fidelity);
        lease.execute(job.call, &create).await?;
    }
    lease.begin(job.call).await?;
    let mut rows = 0;
    for (done, table) in tables.iter().enumerate() {
        let names: Vec<String> = table.columns.iter().map(|column| sql::identifier(&column.name)).collect();
        let names = names.join(", ");
        let (to, from) = (table.place.quoted(&copy), table.place.quoted(job.database));
        rows += lease.execute(job.call, &format!("INSERT INTO {to} ({names}) SELECT {names} FROM {from}")).await?;
        let total = f64::from(u32::try_from(tables.len()).unwrap_or(u32::MAX));
        let progress = f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / total;
        job.call.report(progress, Some(1.0), format!("`{}` is copied", table.shown));
    }
    lease.commit(job.call).await?;
    Ok((rows, fidelity))
}

fn quoted(path: &Path) -> String {
    sql::identifier(&path.to_string_lossy())
}
