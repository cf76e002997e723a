//! CSV: text, so that a reader has to find the types out again.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Exporter;
use super::copy;
use super::run::{Job, Written};
use crate::error::Error;

/// Separated cells.
pub(super) struct Csv;

impl Exporter for Csv {
    fn options(&self) -> &'static [&'static str] {
        &["header", "delimiter", "quote", "escape", "null"]
    }

    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>> {
        async move {
            let mut clauses = job.options.clauses();
            if job.options.header.is_none() {
                clauses.push("header => true".to_owned());
            }
            let mut lease = job.lease().await?;
            // Without it a floating-point number loses its last digits. It is a setting of the connection.
            lease.retire();
            lease.execute(job.call, "SET extra_float_digits = 3").await?;
            copy::to_file(job, lease, "csv", &clauses, &[]).await
        }
        .boxed()
    }
}
