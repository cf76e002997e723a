//! An MCP server in front of Hyper.
//!
//! Values go down through these layers, errors and answers come up; no layer calls one above it:
//!
//! ```text
//! server, tool  ->  tools  ->  ingest  ->  session  ->  engine  ->  hyperd
//! ```
//!
//! `args`, `call`, `config`, `error`, `limits` and `sql` are leaves: each layer may call them.

pub mod args;
pub mod call;
pub mod config;
pub mod engine;
pub mod error;
pub mod fetch;
pub mod hyperd;
pub mod ingest;
pub mod limits;
mod schema;
pub mod server;
pub mod session;
pub mod sql;
pub mod tool;
pub mod tools;
