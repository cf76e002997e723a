//! Handing an open file to hyperd, which opens files by their paths alone.
//!
//! A path may lead elsewhere by the time that hyperd follows it, and a link at its end takes hyperd out of the folders
//! that it is kept to. So hyperd gets a link in the session's own folder, to which nobody else comes, that leads to a
//! descriptor of this process: what is open here, and nothing else. That takes a system that has such links (Linux) and a
//! hyperd that sees this process; whether it does is tried once.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempPath;
use tokio::sync::OnceCell;

use super::lifecycle::Session;
use crate::args::Target;
use crate::call::Call;
use crate::files::descriptor_link;
use crate::sql;

/// Whether hyperd opens what it is handed.
#[derive(Debug, Default)]
pub(super) struct Handover {
    works: OnceCell<bool>,
}

/// An open file under a path that hyperd may open; both end with this.
#[derive(Debug)]
pub struct Handed {
    /// Held, because the link leads to it.
    _file: Arc<File>,
    link: TempPath,
}

impl PartialEq for Handed {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path()
    }
}

impl Eq for Handed {}

impl Handed {
    /// The path for hyperd.
    pub fn path(&self) -> &Path {
        &self.link
    }
}

impl Session {
    /// Finds out whether hyperd opens what it is handed, once. Takes a connection, so that whoever has one asks before.
    pub async fn try_handover(&self, call: &Call) {
        // Where hyperd did not answer, the next call tries again.
        let _ = self.handover.works.get_or_try_init(|| self.opens_handed(call)).await;
    }

    /// A path under which hyperd opens this very file; none where there is no such path, or where nobody has tried.
    pub fn hand_over(&self, file: &Arc<File>) -> Option<Handed> {
        if self.handover.works.get() == Some(&true) { self.link(file) } else { None }
    }

    fn link(&self, file: &Arc<File>) -> Option<Handed> {
        let target = descriptor_link(file)?;
        let link = tempfile::Builder::new().prefix("open-").make_in(self.scratch(), |path| symlink(&target, path));
        match link {
            Ok(link) => Some(Handed { _file: Arc::clone(file), link: link.into_temp_path() }),
            Err(error) => {
                tracing::warn!(%error, "no link to an open file could be made for hyperd");
                None
            }
        }
    }

    /// Has hyperd read a number through a descriptor of this process.
    async fn opens_handed(&self, call: &Call) -> Result<bool, ()> {
        let number = u64::from(std::process::id());
        let Ok(mut probe) = tempfile::tempfile_in(self.scratch()) else { return Ok(false) };
        if std::io::Write::write_all(&mut probe, format!("{number}\n").as_bytes()).is_err() {
            return Ok(false);
        }
        let Some(handed) = self.link(&Arc::new(probe)) else { return Ok(false) };
        let path = sql::literal(&handed.path().to_string_lossy());
        let read = format!("SELECT a FROM external({path}, FORMAT => 'csv', COLUMNS => DESCRIPTOR(a BIGINT))");
        let local = self.resolve(&Target::default()).map_err(drop)?;
        let mut lease = self.lease(call, &local).await.map_err(drop)?;
        match lease.count(call, &read).await {
            Ok(told) => Ok(u64::try_from(told).is_ok_and(|told| told == number)),
            Err(error) if error.sqlstate.is_some() => {
                tracing::info!(%error, "hyperd cannot open files that this process has open; it is given their paths");
                Ok(false)
            }
            Err(_) => Err(()),
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_target: &Path, _path: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
