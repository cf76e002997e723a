//! Unpacks chosen members of a wheel (`.whl`, a zip file), a zip file or a source distribution (`.tar.gz`).

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::Error;

/// No member that is meant to be unpacked comes near this; an archive that claims more is broken or hostile.
const MEMBER_BYTES_MAX: u64 = 2 << 30;
const READ_BUFFER_BYTES: usize = 1 << 20;

/// Says where below the target folder a member goes, by its full name in the archive; `None` leaves it packed.
pub type Select<'a> = &'a dyn Fn(&str) -> Option<PathBuf>;

/// The file's SHA-256 in lower-case hexadecimal digits.
pub fn sha256(file: &Path) -> Result<String, Error> {
    let mut reader = File::open(file).map_err(Error::io("open", file))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BUFFER_BYTES];
    loop {
        let read = reader.read(&mut buffer).map_err(Error::io("read", file))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

/// Unpacks the selected members below `folder` and returns their relative paths. None selected is an error.
pub fn unpack(archive: &Path, folder: &Path, select: Select<'_>) -> Result<Vec<PathBuf>, Error> {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let unpacked = if name.ends_with(".tar.gz") {
        unpack_tar_gz(archive, folder, select)?
    } else {
        unpack_zip(archive, folder, select)?
    };
    if unpacked.is_empty() {
        return Err(broken(archive, "it holds none of the files that were looked for"));
    }
    Ok(unpacked)
}

/// The newest day on which a selected member of a zip file was made; none where the archive does not say.
pub fn built(archive: &Path, select: Select<'_>) -> Option<String> {
    /// Archives that are made alike on every machine carry the first day that the format knows.
    const UNKNOWN: &str = "1980-01-01";
    let mut zip = zip::ZipArchive::new(BufReader::new(File::open(archive).ok()?)).ok()?;
    let mut days = Vec::new();
    for index in 0..zip.len() {
        let member = zip.by_index_raw(index).ok()?;
        let selected = member.is_file() && member.name().is_ok_and(|name| select(&name).is_some());
        days.extend(
            member
                .last_modified()
                .filter(|_| selected)
                .map(|made| format!("{:04}-{:02}-{:02}", made.year(), made.month(), made.day())),
        );
    }
    days.into_iter().max().filter(|day| day != UNKNOWN)
}

fn unpack_zip(archive: &Path, folder: &Path, select: Select<'_>) -> Result<Vec<PathBuf>, Error> {
    let file = File::open(archive).map_err(Error::io("open", archive))?;
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| broken(archive, error))?;
    let mut unpacked = Vec::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).map_err(|error| broken(archive, error))?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().map_err(|error| broken(archive, error))?.into_owned();
        let Some(relative) = select(&name) else { continue };
        write_member(archive, &mut member, folder, &relative)?;
        unpacked.push(relative);
    }
    Ok(unpacked)
}

fn unpack_tar_gz(archive: &Path, folder: &Path, select: Select<'_>) -> Result<Vec<PathBuf>, Error> {
    let file = File::open(archive).map_err(Error::io("open", archive))?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut unpacked = Vec::new();
    for member in tar.entries().map_err(|error| broken(archive, error))? {
        let mut member = member.map_err(|error| broken(archive, error))?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let name = member.path().map_err(|error| broken(archive, error))?.to_string_lossy().into_owned();
        let Some(relative) = select(&name) else { continue };
        write_member(archive, &mut member, folder, &relative)?;
        unpacked.push(relative);
    }
    Ok(unpacked)
}

fn write_member(archive: &Path, member: &mut impl Read, folder: &Path, relative: &Path) -> Result<(), Error> {
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(broken(archive, format!("member {} would leave the folder", relative.display())));
    }
    let path = folder.join(relative);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    let mut file = File::create(&path).map_err(Error::io("create", &path))?;
    let written = io::copy(&mut member.take(MEMBER_BYTES_MAX + 1), &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
            broken(archive, format!("member {}: {error}", relative.display()))
        }
        _ => Error::Io { action: "write", path: path.clone(), source: error },
    })?;
    if written > MEMBER_BYTES_MAX {
        return Err(broken(archive, format!("member {} is over {MEMBER_BYTES_MAX} bytes", relative.display())));
    }
    // A folder that is renamed into place must hold all of its bytes after a power cut, too.
    file.sync_all().map_err(Error::io("sync", &path))
}

fn broken(archive: &Path, detail: impl std::fmt::Display) -> Error {
    Error::Archive { file: archive.to_owned(), detail: detail.to_string() }
}
