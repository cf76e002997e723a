//! Small disks for the server alone. Linux only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
pub(crate) fn with_disk(kind: Disk, mib: u64, folder: &Path) -> Result<Vec<String>, String> {
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

/// All paths below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
