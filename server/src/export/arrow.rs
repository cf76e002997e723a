//! Arrow's IPC format, in either framing.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Exporter;
use super::copy;
use super::options::Framing;
use super::run::{Job, Written};
use crate::error::Error;

/// Arrow IPC.
pub(super) struct ArrowIpc;

impl Exporter for ArrowIpc {
    fn options(&self) -> &'static [&'static str] {
        &["framing"]
    }

    fn export<'a>(&'a self, job: &'a Job<'a>) -> BoxFuture<'a, Result<Written, Error>> {
        let format = match job.options.framing {
            None | Some(Framing::Stream) => "arrowstream",
            Some(Framing::File) => "arrowfile",
        };
        async move { copy::to_file(job, job.lease().await?, format, &[], &[]).await }.boxed()
    }
}
