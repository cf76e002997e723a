//! A small server without a hyperd, for examples, doctests and the benchmark: a notebook that lives in memory.

mod notebook;
mod server;

pub use server::Demo;
