//! The version of a database's file, where it is too old for what a call wants.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::lifecycle::Session;
use crate::args::Target;
use crate::error::{Code, Error};

/// What a file of Hyper begins with.
const MAGIC: &[u8] = b"Hyper";
/// Where its version is, two bytes of little endian.
const VERSION_AT: usize = 10;
/// The first version that holds NUMERIC of more than 18 digits.
const WIDE_NUMERIC_SINCE: u16 = 3;
/// What hyperd says of a file that does not.
const NO_WIDE_NUMERIC: &str = "does not support 128-bit numerics";

/// Whether hyperd refuses a type because the file of the database is too old for it.
pub fn is_of_old_file(error: &Error) -> bool {
    error.message.contains(NO_WIDE_NUMERIC)
}

impl Session {
    /// Says of such an error which file is too old, and what can be done.
    pub fn of_old_file(&self, error: Error, target: &Target) -> Error {
        if !is_of_old_file(&error) {
            return error;
        }
        let file = self.resolve(target).ok().map(|database| {
            let version = version(&database.path).map(|version| format!(" has version {version} of Hyper's format"));
            let version = version.unwrap_or_else(|| " has an old version of Hyper's format".to_owned());
            format!("The file of `{}`, {},{version}", database.alias, database.path.display())
        });
        let file = file.unwrap_or_else(|| "The file has an old version of Hyper's format".to_owned());
        let message = format!(
            "{file}, and NUMERIC of more than 18 digits is kept since version {WIDE_NUMERIC_SINCE}; nothing was changed."
        );
        Error { code: Code::UnsupportedFormat, message, ..error }.suggest(
            "Name NUMERIC(18, s), DOUBLE PRECISION or TEXT (in `schema`, or with CAST in SQL), or use a new database: \
             attach_database with on_missing: \"create\".",
        )
    }
}

fn version(path: &Path) -> Option<u16> {
    let mut head = [0; VERSION_AT + 2];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    head.starts_with(MAGIC).then(|| u16::from_le_bytes([head[VERSION_AT], head[VERSION_AT + 1]]))
}
