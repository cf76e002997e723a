//! Names that a user's table can have.

use crate::args::excerpt;
use crate::error::Error;
use crate::limits::NAME_CHARS_MAX;
use crate::session::catalog::is_bookkeeping;

/// Refuses what cannot be the name of a user's table.
pub fn check_name(table: &str) -> Result<(), Error> {
    let reason = if table.is_empty() {
        "is empty".to_owned()
    } else if table.chars().count() > NAME_CHARS_MAX as usize {
        format!("is longer than {NAME_CHARS_MAX} characters")
    } else if table.contains('\0') {
        "holds NUL".to_owned()
    } else if is_bookkeeping(table) {
        format!("is {}, which the server keeps its books in", excerpt(table))
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("`table` {reason}.")).suggest("Choose another name for the table."))
}
