//! The schemas of arguments and answers, made small, and the check of arguments against them.
//!
//! Arguments are checked here rather than by their deserializer: the error names the argument, what was given, what is
//! expected and what was probably meant, and finds every mistake of a call at once.

mod check;
mod shape;

pub(crate) use check::{check, with_whole_numbers};
pub(crate) use shape::{of_input, of_output};
