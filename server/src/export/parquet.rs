//! Parquet.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Exporter;
use super::copy;
use super::run::{Job, Written};
use crate::error::Error;

/// Apache Parquet.
pub(super) struct Parquet;

impl Exporter for Parquet {
    fn options(&self) -> &'static [&'static str] {
        &["codec", "rows_per_row_group"]
    }

    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>> {
        async move {
            let foreign = ["INTERVAL", "GEOGRAPHY", "OID"];
            copy::to_file(job, job.lease().await?, "parquet", &job.options.clauses(), &foreign).await
        }
        .boxed()
    }
}
