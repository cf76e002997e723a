//! A request, what came of it, and what was on disk before it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// One request.
#[derive(Debug)]
pub(super) struct Exchange {
    /// Its method.
    pub(super) method: String,
    /// Its params.
    pub(super) params: Value,
    /// What a scenario has to do for the files to be as they were.
    pub(super) deeds: Vec<Deed>,
    /// The files and folders that it names.
    pub(super) paths: Vec<PathBuf>,
    /// What came of it; `None` where no answer came.
    pub(super) answer: Option<Answered>,
    /// How long the answer took.
    pub(super) took: Duration,
    /// How long after the request the client cancelled it.
    pub(super) cancelled: Option<Duration>,
    /// What the server told after it and before the next one: methods and params.
    pub(super) notified: Vec<(String, Value)>,
}

/// What a server answers.
#[derive(Debug)]
pub(super) enum Answered {
    Result(Value),
    Error { code: i64, message: String },
}

/// Something that happened to a file before a request.
#[derive(Debug)]
pub(super) enum Deed {
    /// It is there, with this content.
    Write(PathBuf, Content),
    /// The folder is there.
    Mkdir(PathBuf),
    /// It is there no longer.
    Remove(PathBuf),
}

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// A text that can stand in a scenario.
    Text(String),
    /// Bytes that can stand in a scenario.
    Bytes(Vec<u8>),
    /// More than that; a copy of it lies here until the recording ends.
    Copied(PathBuf),
}
