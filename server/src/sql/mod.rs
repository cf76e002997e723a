//! What the server knows about SQL without asking hyperd: kinds of statements, and quoting.

pub mod classify;
pub mod guard;
mod lexer;
mod quote;
mod sources;
pub mod structure;
mod subquery;
mod targets;

pub use classify::explained;
pub use lexer::names;
pub use quote::{identifier, literal, table, written};
pub use subquery::subquery;
