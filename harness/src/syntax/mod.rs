//! Text to nodes: YAML 1.2 in one strict reading, and TOML, with a place on every key and every value.

mod display;
mod node;
mod parse;
mod scalar;
mod toml;

pub(crate) use display::{fits_block, in_quotes, must_be_escaped, one_line};
pub use node::{Entry, Key, Kind, Node, Style, Visited};
pub use parse::{parse, read};
pub use toml::read_toml;
