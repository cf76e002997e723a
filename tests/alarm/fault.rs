//! What a fake release does otherwise, and the row that must tell of it.

use hyper_conform::capabilities::compare::Kind;
use hyper_conform::capabilities::report::group::Verdict;

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A message says something else.
    Message,
    /// A message says something else beside the part that is pinned.
    Words,
    /// An error has another SQLSTATE.
    Sqlstate,
    /// A value is another one.
    Value,
    /// A column has another type.
    Type,
    /// A refused statement succeeds.
    Gain,
    /// A statement that succeeded is refused.
    Loss,
    /// hyperd ends.
    Crash,
    /// hyperd does not answer.
    Hang,
    /// A statement that ended hyperd is answered.
    Mend,
}

pub(crate) const ALL: [Fault; 10] = [
    Fault::Message,
    Fault::Words,
    Fault::Sqlstate,
    Fault::Value,
    Fault::Type,
    Fault::Gain,
    Fault::Loss,
    Fault::Crash,
    Fault::Hang,
    Fault::Mend,
];

const PRIMARY_KEY: (&str, &str) = ("keys.primary_key", "CREATE TABLE t (a INTEGER PRIMARY KEY)");
const DEFAULT: (&str, &str) = ("keys.default_value", "SELECT a, b FROM t");
/// A row that comes later asks the same, and has the same answer from any release.
const CRASH: (&str, &str) = ("transactions.text_read_beside_an_update", "SELECT v FROM t WHERE id = 1");
const INTEGER_OID: [u8; 4] = 23_u32.to_be_bytes();
const BIGINT_OID: [u8; 4] = 20_u32.to_be_bytes();

impl Fault {
    /// The fault of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Its name.
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The row that must tell of it, and a part of the statement that it strikes.
    pub(crate) fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Value | Self::Type | Self::Loss | Self::Crash | Self::Hang => DEFAULT,
            Self::Message | Self::Words | Self::Sqlstate | Self::Gain => PRIMARY_KEY,
            Self::Mend => CRASH,
        }
    }

    /// What the alarm must make of it.
    pub(crate) fn expected(self) -> (Kind, Verdict) {
        match self {
            Self::Message => (Kind::MessageChanged, Verdict::Broke),
            Self::Words => (Kind::MessageChanged, Verdict::Notice),
            Self::Sqlstate => (Kind::SqlstateChanged, Verdict::Broke),
            Self::Value => (Kind::ResultChanged, Verdict::Broke),
            Self::Type => (Kind::TypeChanged, Verdict::Broke),
            Self::Gain | Self::Mend => (Kind::Gained, Verdict::Notice),
            Self::Loss => (Kind::Regressed, Verdict::Broke),
            Self::Crash => (Kind::Crashed, Verdict::Broke),
            Self::Hang => (Kind::Hung, Verdict::Broke),
        }
    }

    /// Whether a message of SQL is the one that it strikes.
    pub(crate) fn concerns(self, sql: &str) -> bool {
        sql.contains(self.row().1)
    }

    /// What hyperd is asked in the place of that statement, where it is asked something else.
    pub(crate) fn asks_instead(self) -> Option<&'static str> {
        (self == Self::Mend).then_some("SELECT 'x'::TEXT AS v")
    }

    /// A message of hyperd's answer to that statement, as the fake release sends it.
    pub(crate) fn change(self, tag: u8, body: Vec<u8>) -> (u8, Vec<u8>) {
        match (self, tag) {
            (Self::Message, b'E') => (tag, replace(&body, b"Index support is disabled.", b"No.")),
            (Self::Words, b'E') => {
                (tag, replace(&body, b"Index support is disabled.", b"Index support is disabled. So."))
            }
            (Self::Sqlstate, b'E') => (tag, replace(&body, b"C0A000\0", b"C0A001\0")),
            (Self::Gain, b'E') => (b'C', b"CREATE TABLE\0".to_vec()),
            (Self::Loss, b'C') => (b'E', b"SERROR\0C0A000\0Mgone\0\0".to_vec()),
            // The first value of the row, one byte long.
            (Self::Value, b'D') => (tag, replace(&body, b"\0\0\0\x011", b"\0\0\0\x012")),
            (Self::Type, b'T') => (tag, replace(&body, &INTEGER_OID, &BIGINT_OID)),
            _ => (tag, body),
        }
    }
}

fn replace(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match body.windows(from.len()).position(|window| window == from) {
        Some(at) => [&body[..at], to, &body[at + from.len()..]].concat(),
        None => body.to_vec(),
    }
}
