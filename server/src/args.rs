//! Argument fragments that several tools share, and the checks that every tool does alike.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::limits;

/// Database that the call goes to: `local` (default), `persistent` or the alias of an attached one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct DatabaseName(#[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))] pub String);

/// Name of the store: any text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct KvStore(#[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))] pub String);

/// An entry of a key-value store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct KvEntry {
    /// Any text.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub key: String,
    /// A text.
    pub value: String,
}

/// Where in a JSON document the rows are: keys and positions with dots between (`result.items.0`), or a JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct JsonPath(#[schemars(length(max = limits::PATH_CHARS_MAX))] pub String);

/// The text of an argument, which Hyper cannot hold with a NUL character in it.
pub fn text_without_nul<'a>(argument: &str, text: &'a str) -> Result<&'a str, Error> {
    if text.contains('\0') {
        return Err(Error::invalid(format!("`{argument}` contains a NUL character, which no text in Hyper can."))
            .suggest("Leave the character out."));
    }
    Ok(text)
}

/// Texts that are NULL in every column, besides empty cells: `["NA", "-"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct NullValues(#[schemars(length(max = limits::NULL_VALUES_MAX))] pub Vec<String>);

/// A name or a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Names {
    /// One name.
    One(#[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))] String),
    /// Several names.
    Many(#[schemars(length(min = 1), inner(length(min = 1, max = limits::NAME_CHARS_MAX)))] Vec<String>),
}

impl From<Names> for Vec<String> {
    fn from(names: Names) -> Self {
        match names {
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        }
    }
}

/// Where a call goes: `database` wins over `persist`, and `local` is where it goes without either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The alias as the user typed it.
    pub database: Option<String>,
    /// Short for the alias `persistent`.
    pub persist: bool,
}

impl Target {
    /// From the arguments `database` and `persist` as a tool's parameters hold them.
    pub fn new(database: Option<DatabaseName>, persist: Option<bool>) -> Self {
        Self { database: database.map(|name| name.0), persist: persist.unwrap_or_default() }
    }
}

/// What the statement or load took, in every answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Stats {
    /// Milliseconds from the call's arrival to its answer.
    pub elapsed_ms: f64,
    /// Rows that were read or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The change is done and not on disk yet: others go on using the file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unwritten: bool,
}

impl Stats {
    /// The time since `start`, to the hundredth of a millisecond.
    pub fn since(start: std::time::Instant, rows: Option<u64>) -> Self {
        Self { elapsed_ms: elapsed_ms(start), rows, unwritten: false }
    }
}

/// The time since `start` in milliseconds, to the hundredth.
pub fn elapsed_ms(start: std::time::Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e5).round() / 100.0
}

/// Reads a path argument, see [`crate::files::given`]. `argument` is its name in the call.
pub fn path(argument: &str, text: &str) -> Result<PathBuf, Error> {
    crate::files::given(argument, text)
}
