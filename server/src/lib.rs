//! An MCP server in front of Hyper.
//!
//! Values go down through these layers, errors and answers come up. No layer names one above it; `tests/tidy/layers.rs` has
//! the whole order and holds it:
//!
//! ```text
//! server  ->  tools  ->  tool, context  ->  watch  ->  ingest, export  ->  session  ->  engine  ->  hyperd
//! ```
//!
//! `tool` is the seam that every tool passes, and `context` what a tool is given: no tool knows the protocol's server. `hyperd`
//! finds the executable or has `fetch` get it; `daemon` keeps one for all servers of a user, and tells the engine where it is.
//! Below them are leaves, such as `call`, `sql`, `args`, `words`, `error` and `limits`. Only `engine` names the driver, only
//! `server`, `tool`, `transport` and `request_ids` name the protocol.

pub mod args;
pub mod call;
pub mod config;
pub mod context;
pub mod daemon;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod export;
pub mod fetch;
mod file_lock;
pub mod files;
mod greeting;
pub mod guard;
pub mod hyperd;
pub mod ingest;
pub mod limits;
mod outbox;
mod own;
mod request_ids;
mod schema;
pub mod scratch;
pub mod server;
pub mod session;
pub mod sql;
pub mod tool;
pub mod tools;
mod transport;
pub mod watch;
mod words;
