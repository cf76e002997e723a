//! Hyper's errors in the server's terms. SQLSTATE, detail and hint are kept; nothing of Hyper's text is lost.

use hyperdb_api::Error as HyperError;

use crate::error::{Code, Error, UNDEFINED_TABLE};

/// SQLSTATE of what cannot be done beside something else that is done at the same moment.
pub(super) const SERIALIZATION_FAILURE: &str = "40001";
/// SQLSTATE of attaching a file in another mode than the one in which hyperd has it already.
pub(super) const INCOMPATIBLE_MODE: &str = "55000";

/// SQLSTATE of a file outside of what hyperd is kept to, among other things.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// SQLSTATE of a write into what is attached read-only.
const READ_ONLY: &str = "25006";

/// Translates an error of a statement whose unqualified names were resolved in `database`.
pub(super) fn translate(error: HyperError, database: &str) -> Error {
    match error {
        HyperError::Server { sqlstate, message, detail, hint } => {
            let state = sqlstate.unwrap_or_default();
            let text = with_detail(bare(&message, &state), detail.as_deref());
            let mut translated = by_sqlstate(&state, text, database);
            if let Some(hint) = hint.filter(|hint| !hint.trim().is_empty()) {
                translated.suggestion = Some(hint.trim().to_owned());
            }
            if state.is_empty() { translated } else { translated.with_sqlstate(state) }
        }
        HyperError::Cancelled { message, sqlstate } => {
            Error::new(Code::Cancelled, message).with_sqlstate(sqlstate.unwrap_or_else(|| "57014".to_owned()))
        }
        HyperError::Connection { message, sqlstate, .. } | HyperError::Closed { message, sqlstate } => {
            let lost = lost(&message);
            match sqlstate {
                Some(state) => lost.with_sqlstate(state),
                None => lost,
            }
        }
        HyperError::Io(error) => lost(&error.to_string()),
        HyperError::Protocol(message) | HyperError::Authentication(message) | HyperError::Timeout(message) => {
            lost(&message)
        }
        other => Error::new(Code::SqlError, other.to_string()),
    }
}

fn by_sqlstate(state: &str, text: String, database: &str) -> Error {
    match state {
        _ if tells_no_room(&text) => no_room(text),
        "53100" => no_room(text),
        UNDEFINED_TABLE => {
            Error::new(Code::TableNotFound, format!("{text}\nUnqualified names were looked up in `{database}`."))
                .suggest(format!("Call describe with database: \"{database}\" to see its tables."))
        }
        "3F000" => Error::new(Code::SqlError, text)
            .suggest("Call list_attached_databases; a name before \"public\" must be one of its aliases."),
        "42703" => Error::new(Code::SqlError, text).suggest("Call describe with the table's name to see its columns."),
        "0A000" => Error::new(Code::SqlError, text).suggest(
            "Hyper does not have this. CREATE TABLE ... AS stands for SELECT INTO, and a list of DELETE and INSERT for \
             keys and conflicts.",
        ),
        SERIALIZATION_FAILURE => Error::new(Code::ResourceBusy, text)
            .suggest("Another call changed the same at that moment. Nothing was done; call again."),
        "57014" => Error::new(Code::Cancelled, text),
        "53S01" => {
            Error::new(Code::Timeout, text).suggest("Make the statement do less, or raise the limit that it names.")
        }
        _ if state.starts_with("53") => Error::new(Code::SqlError, text)
            .suggest("hyperd ran out of memory for this statement. Make it do less, or raise hyperd's limit."),
        "55006" => busy(text),
        INSUFFICIENT_PRIVILEGE if text.contains("inaccessible") => Error::new(Code::PathNotAllowed, text).suggest(
            "With --allow-path SQL itself opens no files. Read the file with query_file, load_file or load_files, and write \
             it with export.",
        ),
        READ_ONLY => Error::invalid(format!("The database is attached read-only; nothing was changed. ({text})"))
            .suggest("Detach it, then call attach_database with the same alias and writable: true."),
        _ if state.starts_with("08") || state.starts_with("57P") => lost(&text),
        _ => Error::new(Code::SqlError, text),
    }
}

/// Whether hyperd speaks of a full disk. It does so under whatever SQLSTATE the statement before it left behind: 00000,
/// 58000 and 58P01 were seen for the same statement.
pub fn tells_no_room(message: &str) -> bool {
    message.contains("growing the database file failed")
}

fn no_room(text: String) -> Error {
    Error::new(Code::DiskFull, text).suggest(
        "The disk is full; nothing was changed. Make space on it and call again, or use a database on another disk.",
    )
}

/// A file that another hyperd holds.
fn busy(text: String) -> Error {
    Error::new(Code::ResourceBusy, text).suggest(
        "Another process holds the file. Close it there (another server, Tableau, a script) and call again; several \
         servers can share a file through one hyperd (--endpoint).",
    )
}

pub(super) fn lost(text: &str) -> Error {
    Error::new(Code::ConnectionLost, format!("The connection to hyperd broke: {text}")).suggest(
        "Call again: the server reconnects, starts hyperd anew where it died, and attaches what was attached. If hyperd \
         died, all tables of `local` are lost. The other databases hold whatever was answered as done; of this call \
         they hold all or nothing, so look before you repeat a write.",
    )
}

/// The message without the severity and the SQLSTATE that the driver writes around it.
fn bare<'a>(message: &'a str, state: &str) -> &'a str {
    let message = message.strip_prefix("ERROR: ").or_else(|| message.strip_prefix("FATAL: ")).unwrap_or(message);
    message.strip_suffix(&format!(" ({state})")).unwrap_or(message)
}

/// Hyper's detail repeats the statement below a caret; of that the position is what the message lacks.
fn with_detail(message: &str, detail: Option<&str>) -> String {
    let Some(detail) = detail.map(str::trim).filter(|detail| !detail.is_empty()) else {
        return message.to_owned();
    };
    let first = detail.lines().next().unwrap_or_default();
    match first.split_once(": ") {
        Some((position, _)) if position.starts_with("line ") => format!("{message} ({position})"),
        _ => format!("{message}\n{detail}"),
    }
}

#[cfg(test)]
mod tests {
    use hyperdb_api::Error as HyperError;
    use rstest::rstest;

    use super::translate;
    use crate::error::Code;

    #[rstest]
    #[case::table("42P01", Code::TableNotFound)]
    #[case::cancelled("57014", Code::Cancelled)]
    #[case::shutdown("57P01", Code::ConnectionLost)]
    #[case::connection("08006", Code::ConnectionLost)]
    #[case::busy("55006", Code::ResourceBusy)]
    #[case::at_the_same_moment("40001", Code::ResourceBusy)]
    #[case::syntax("42601", Code::SqlError)]
    #[case::full("53100", Code::DiskFull)]
    #[case::memory("53200", Code::SqlError)]
    #[case::foreign_system("58030", Code::SqlError)]
    #[case::read_only("25006", Code::InvalidArgument)]
    fn sqlstates_have_codes_and_are_kept(#[case] state: &str, #[case] code: Code) {
        let error = translate(HyperError::server(Some(state.to_owned()), "m", None, None), "local");
        assert_eq!(error.code, code);
        assert_eq!(error.sqlstate.as_deref(), Some(state));
    }

    #[rstest]
    #[case::none("00000")]
    #[case::left_behind("58P01")]
    fn a_full_disk_is_told_whatever_its_sqlstate(#[case] state: &str) {
        let said = "unable to write compressed datablock: growing the database file failed";
        let error = translate(HyperError::server(Some(state.to_owned()), said, None, None), "local");
        assert_eq!(error.code, Code::DiskFull);
    }

    #[test]
    fn what_hyper_does_not_have_is_told_with_another_way() {
        let error = translate(HyperError::server(Some("0A000".to_owned()), "m", None, None), "local");
        assert!(error.suggestion.unwrap_or_default().contains("CREATE TABLE ... AS"));
    }

    #[test]
    fn position_and_hint_are_kept() {
        let detail = "\nline 1, column 15: select 1 from t;\n   ^~~".to_owned();
        let message = "ERROR: m (42601)";
        let error = HyperError::server(Some("42601".to_owned()), message, Some(detail), Some("try this".to_owned()));
        let error = translate(error, "local");
        assert_eq!(error.message, "m (line 1, column 15)");
        assert_eq!(error.suggestion.as_deref(), Some("try this"));
    }
}
