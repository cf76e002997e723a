//! What is under a name of a folder.

use std::fs::Metadata;

/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A device, a FIFO or a socket.
    Other,
}

/// What was found under a name, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: FileKind,
    /// The file system that it is on, and its number there: the same for two names of one file. Zero where the system
    /// does not say.
    pub identity: (u64, u64),
    /// Its size.
    pub bytes: u64,
    /// When its content was last changed, in nanoseconds since 1970.
    pub changed_ns: i128,
    /// How many names it has.
    pub names: u64,
    /// The user that it belongs to.
    pub owner: u32,
    /// The group that it belongs to.
    pub group: u32,
    /// Its permissions: read, write and execute for owner, group and others.
    pub mode: u32,
}

/// The permissions among the bits of a mode.
pub(super) const PERMISSIONS: u32 = 0o777;

impl Found {
    /// What an open file, or a path that was looked at, is.
    pub fn of(metadata: &Metadata) -> Self {
        let kind = match metadata.file_type() {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_dir() => FileKind::Folder,
            kind if kind.is_symlink() => FileKind::Link,
            _ => FileKind::Other,
        };
        Self::described(kind, metadata)
    }

    #[cfg(unix)]
    fn described(kind: FileKind, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        const NANOSECONDS: i128 = 1_000_000_000;
        Self {
            kind,
            identity: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            changed_ns: i128::from(metadata.mtime()) * NANOSECONDS + i128::from(metadata.mtime_nsec()),
            names: metadata.nlink(),
            owner: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & PERMISSIONS,
        }
    }

    #[cfg(not(unix))]
    fn described(kind: FileKind, metadata: &Metadata) -> Self {
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let changed_ns = changed.and_then(|since| i128::try_from(since.as_nanos()).ok()).unwrap_or_default();
        Self {
            kind,
            identity: (0, 0),
            bytes: metadata.len(),
            changed_ns,
            names: 1,
            owner: 0,
            group: 0,
            mode: PERMISSIONS,
        }
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind == FileKind::Folder
    }

    /// Whether the two are one file or folder, under whatever names. Where the system does not say, only paths tell.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity != (0, 0) && self.identity == other.identity
    }

    /// Whether this is the same file with the same content, as far as that is seen without reading it.
    pub fn is_unchanged(&self, other: &Self) -> bool {
        let seen = |found: &Self| (found.identity, found.bytes, found.changed_ns);
        seen(self) == seen(other)
    }
}
