//! Iceberg: a folder. Its metadata names its files by their full paths, which is why it is written where it will be.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Exporter;
use super::copy;
use super::run::{Job, Written};
use crate::error::Error;

/// Apache Iceberg.
pub(super) struct Iceberg;

impl Exporter for Iceberg {
    fn options(&self) -> &'static [&'static str] {
        &["codec", "rows_per_row_group", "max_file_size", "table_scheme"]
    }

    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>> {
        async move {
            let mut lease = job.lease().await?;
            // JSON would be written, but hyperd could not read it again.
            let foreign = ["INTERVAL", "GEOGRAPHY", "OID", "JSON"];
            let query = copy::query(job, &mut lease, "iceberg", &foreign).await?;
            let folder = job.place.cleared()?;
            let clauses = job.options.clauses();
            let rows = copy::write(job, &mut lease, &query, job.place.path(), "iceberg", &clauses).await?;
            Ok(Written { rows, bytes: folder.keep()?, fidelity: None })
        }
        .boxed()
    }
}
