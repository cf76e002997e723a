//! What Hyper can do, as a battery of SQL, and the alarm for a release that does otherwise.
//!
//! ```text
//! battery -> lab -> Outcome -> compare -> report
//! rows       hyperd  what came  changes    table, json, html, junit, github
//! ```
//!
//! A row pins what the server's design rests on. The [`matrix`] records what each release answered, whole. The rows
//! talk to hyperd in the simple query protocol, as psql does, because the alarm must not depend on the driver.

pub mod battery;
pub mod compare;
pub mod fit;
pub mod lab;
pub mod matrix;
pub mod outcome;
pub mod places;
pub mod release;
pub mod report;
pub mod row;
pub mod run;
pub(crate) mod wire;

pub use battery::{Battery, Theme};
pub use lab::Lab;
pub use matrix::Matrix;
pub use outcome::{End, Outcome};
pub use row::Row;
