//! A session of a real client with a real server, written down as a scenario.
//!
//! ```text
//! proxy -> tape -> steps -> document -> destination
//! lines    what was said    nodes        the file
//! ```
//!
//! [`relay`] passes every line on as it is and tells a [`Tape`] of it; [`document::write`] makes the file of what the tape
//! holds.

mod answer;
mod destination;
pub mod document;
mod errors;
mod exchange;
mod files;
mod listing;
mod node;
mod options;
mod places;
mod proxy;
mod rows;
mod steps;
mod tape;
mod volatile;

pub use destination::Destination;
pub use options::Served;
pub use proxy::{End, relay};
pub use tape::Tape;
