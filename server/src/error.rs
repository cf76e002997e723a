//! The one error type of the server: what happened, under which code, and what to do next.
//!
//! A tool answers an [`Error`] as a result with `isError: true` and the body
//! `{"error": {"code", "message", "suggestion", "sqlstate"}}`; [`Error::to_json`] is the only place that shapes it.

use std::fmt;

use serde_json::{Value, json};

/// What went wrong, in the words that clients branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// An argument is missing, malformed, out of range or contradicts another one.
    InvalidArgument,
    /// The server runs read-only and the call would have written.
    ReadOnlyViolation,
    /// Hyper refused the statement; `sqlstate` says why in five characters.
    SqlError,
    /// The named table does not exist in the database that the call was routed to.
    TableNotFound,
    /// A path that was to be read does not exist.
    FileNotFound,
    /// A path that was to be written exists already.
    FileExists,
    /// The path lies outside of the folders that the server was told to keep to.
    PathNotAllowed,
    /// The system refused to read or write a file: a missing permission, a broken device, a file that was replaced.
    IoError,
    /// The disk that a database or file is on has no room left.
    DiskFull,
    /// The file's format is not one that this server reads or writes.
    UnsupportedFormat,
    /// Columns or types of the input do not fit the table.
    SchemaMismatch,
    /// The input holds no rows, or no column; or a call names nothing to write.
    EmptyData,
    /// Something is in use by another process, connection or watcher.
    ResourceBusy,
    /// The connection to hyperd broke during the call.
    ConnectionLost,
    /// No hyperd executable was found or could be started.
    HyperdNotFound,
    /// The call's deadline passed; its statement was cancelled in hyperd.
    Timeout,
    /// The client cancelled the call; its statement was cancelled in hyperd.
    Cancelled,
    /// A bug in this server, and nothing else.
    InternalError,
}

impl Code {
    /// Every code, in the order of the contract.
    pub const ALL: [Self; 18] = [
        Self::InvalidArgument,
        Self::ReadOnlyViolation,
        Self::SqlError,
        Self::TableNotFound,
        Self::FileNotFound,
        Self::FileExists,
        Self::PathNotAllowed,
        Self::IoError,
        Self::DiskFull,
        Self::UnsupportedFormat,
        Self::SchemaMismatch,
        Self::EmptyData,
        Self::ResourceBusy,
        Self::ConnectionLost,
        Self::HyperdNotFound,
        Self::Timeout,
        Self::Cancelled,
        Self::InternalError,
    ];

    /// The code as it stands in answers, for example `INVALID_ARGUMENT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::ReadOnlyViolation => "READ_ONLY_VIOLATION",
            Self::SqlError => "SQL_ERROR",
            Self::TableNotFound => "TABLE_NOT_FOUND",
            Self::FileNotFound => "FILE_NOT_FOUND",
            Self::FileExists => "FILE_EXISTS",
            Self::PathNotAllowed => "PATH_NOT_ALLOWED",
            Self::IoError => "IO_ERROR",
            Self::DiskFull => "DISK_FULL",
            Self::UnsupportedFormat => "UNSUPPORTED_FORMAT",
            Self::SchemaMismatch => "SCHEMA_MISMATCH",
            Self::EmptyData => "EMPTY_DATA",
            Self::ResourceBusy => "RESOURCE_BUSY",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::HyperdNotFound => "HYPERD_NOT_FOUND",
            Self::Timeout => "TIMEOUT",
            Self::Cancelled => "CANCELLED",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure that a user can act on.
///
/// `message` says what happened and where; `suggestion` says what to do next. Both are whole sentences without the
/// code in them. `sqlstate` is Hyper's, untouched, where Hyper was the one to refuse.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// What clients branch on.
    pub code: Code,
    /// What happened and where.
    pub message: String,
    /// What to do next.
    pub suggestion: Option<String>,
    /// Hyper's five-character SQLSTATE.
    pub sqlstate: Option<String>,
    /// What was not found, for [`crate::session::Session::hinted`]; no part of the answer.
    pub sought: Option<Box<Sought>>,
}

/// A name that nothing was found under, and where it was looked for.
#[derive(Debug, Clone)]
pub enum Sought {
    /// A table that a tool was given.
    Table {
        /// The alias of the database.
        database: String,
        /// The name as the client wrote it.
        name: String,
    },
    /// Something in a statement; Hyper's message says what.
    InSql {
        /// The alias of the database that the statement was sent to.
        database: String,
        /// The statement.
        sql: String,
    },
}

/// SQLSTATE of a table that is not there.
pub const UNDEFINED_TABLE: &str = "42P01";

impl Error {
    /// Whether hyperd said of a table that it is not there.
    pub fn is_unknown_table(&self) -> bool {
        self.sqlstate.as_deref() == Some(UNDEFINED_TABLE)
    }

    /// An error without suggestion or SQLSTATE; add them with [`Error::suggest`] and [`Error::with_sqlstate`].
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), suggestion: None, sqlstate: None, sought: None }
    }

    /// Shorthand for the most frequent code.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// What a server that was started read-only refuses to do, as the beginning of a sentence.
    pub fn read_only(what: &str) -> Self {
        Self::new(Code::ReadOnlyViolation, format!("{what}, and this server runs read-only."))
            .suggest("Start the server without --read-only to change data; reading works as it is.")
    }

    /// What the system answered where a file was to be read or written: `what` is the beginning of the sentence.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        Self::new(if full { Code::DiskFull } else { Code::IoError }, format!("{what}: {error}."))
    }

    /// A state that the server itself should have made impossible.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::InternalError, message)
            .suggest("This is a bug in hyperd-mcp. Please report it with the call that caused it.")
    }

    /// Says what to do next.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Keeps Hyper's SQLSTATE.
    #[must_use]
    pub fn with_sqlstate(mut self, sqlstate: impl Into<String>) -> Self {
        self.sqlstate = Some(sqlstate.into());
        self
    }

    /// Says what was looked for.
    #[must_use]
    pub fn seeking(mut self, sought: Sought) -> Self {
        self.sought = Some(Box::new(sought));
        self
    }

    /// The body of the answer: `{"error": {code, message, suggestion, sqlstate}}`, absent parts left out.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "code": self.code.as_str(), "message": self.message });
        if let Some(suggestion) = &self.suggestion {
            body["suggestion"] = json!(suggestion);
        }
        if let Some(sqlstate) = &self.sqlstate {
            body["sqlstate"] = json!(sqlstate);
        }
        json!({ "error": body })
    }
}
