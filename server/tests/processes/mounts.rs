//! Small disks for the server alone. Linux only.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Running;

/// Size of the disk of a storm: it is never filled by the storm itself.
const STORM_MIB: u64 = 256;

/// What a small disk is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Disk {
    /// In memory.
    Tmpfs,
    /// A file system in a file, which only root may mount.
    Ext4,
}

/// The command that another one is to be run by so that it finds a disk of `mib` MiB in place of `folder`; or why there
/// can be none.
fn with_disk(kind: Disk, mib: u64, folder: &Path) -> Result<Vec<String>, String> {
    let folder = folder.to_string_lossy();
    let mount = match kind {
        Disk::Tmpfs => format!("mount -t tmpfs -o size={mib}m tmpfs \"$0\" && exec \"$@\""),
        Disk::Ext4 => {
            let image = format!("{folder}.img");
            let file = fs::File::create(&image).map_err(|error| error.to_string())?;
            file.set_len(mib << 20).map_err(|error| error.to_string())?;
            let made = Command::new("mkfs.ext4").args(["-q", "-m", "0", &image]).output();
            match made {
                Ok(output) if output.status.success() => {}
                Ok(output) => return Err(String::from_utf8_lossy(&output.stderr).into_owned()),
                Err(error) => return Err(format!("mkfs.ext4: {error}")),
            }
            format!("mount -o loop \"{image}\" \"$0\" && exec \"$@\"")
        }
    };
    let mut reasons = String::new();
    // Root may mount as it is; others may in a namespace of users of their own, where the system lets them.
    for namespaces in [&["unshare", "--mount"][..], &["unshare", "--map-root-user", "--mount"]] {
        let below: Vec<&str> = [namespaces, &["sh", "-c", &mount, &folder]].concat();
        match Command::new(below[0]).args(&below[1..]).arg("true").output() {
            Ok(output) if output.status.success() => return Ok(below.into_iter().map(str::to_owned).collect()),
            Ok(output) => reasons.push_str(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => reasons.push_str(&error.to_string()),
        }
    }
    Err(reasons)
}

/// The same, or none and a word that a test is skipped.
pub(crate) fn with_disk_or_word(kind: Disk, mib: u64, folder: &Path) -> Option<Vec<String>> {
    let below = with_disk(kind, mib, folder);
    below.inspect_err(|reasons| eprintln!("skipped: no small disk can be mounted: {reasons}")).ok()
}

/// A small disk as this process sees it.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// The disk that `server` has in place of `folder`.
    pub(crate) fn seen_by(server: &Running, folder: &Path) -> Self {
        let pid = server.child.id().expect("the server runs");
        Self(PathBuf::from(format!("/proc/{pid}/root{}", folder.display())))
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Fills it but for `left` bytes.
    pub(crate) fn fill(&self, left: u64) {
        let kept = self.0.join("kept-free");
        let reserve = File::create(&kept).expect("a file can be made");
        if left > 0 {
            let zeros = vec![0; usize::try_from(left).expect("a small number")];
            (&reserve).write_all(&zeros).expect("there is room");
            reserve.sync_all().expect("it can be written");
        }
        let mut filler = File::create(self.0.join("filler")).expect("a file can be made");
        for block in [1 << 20, 64 << 10, 4 << 10, 512] {
            while filler.write_all(&vec![1; block]).and_then(|()| filler.sync_all()).is_ok() {}
        }
        fs::remove_file(kept).expect("it can be removed");
        // What a removed file had is free only when the file system has noted it.
        File::open(&self.0).and_then(|disk| disk.sync_all()).expect("the folder can be written");
    }

    /// Takes away what filled it.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).expect("it can be removed");
    }
}

/// Where a storm has its database: on a disk of its own where one can be mounted.
pub(crate) struct StormPlace {
    /// The command that the server is to be run by.
    pub(crate) below: Vec<String>,
    /// The folder of the database, as the server sees it.
    pub(crate) folder: PathBuf,
    has_disk: bool,
}

impl StormPlace {
    pub(crate) fn make(home: &Path) -> Self {
        let folder = home.join("disk");
        fs::create_dir(&folder).expect("a folder can be made");
        match with_disk(Disk::Tmpfs, STORM_MIB, &folder) {
            Ok(below) => Self { below, folder, has_disk: true },
            Err(reasons) => {
                eprintln!("without a disk that fills up: {reasons}");
                Self { below: Vec::new(), folder: home.to_owned(), has_disk: false }
            }
        }
    }

    /// Its disk, once `server` runs.
    pub(crate) fn seen_by(&self, server: &Running) -> Option<SmallDisk> {
        self.has_disk.then(|| SmallDisk::seen_by(server, &self.folder))
    }
}
