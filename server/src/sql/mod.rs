//! What the server knows about SQL without asking hyperd: kinds of statements, and quoting.

pub mod classify;
pub mod guard;
mod lexer;
mod quote;

pub use quote::{identifier, literal, table};
