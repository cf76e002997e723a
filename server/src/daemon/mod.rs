//! One hyperd for all servers of a user: a process that keeps it, and the way to that process.
//!
//! The daemon listens on the loopback address, at a port that the system chooses, and says so in a file that only its
//! user can read ([`discovery`]). Both ends prove that they know the secret in that file before they believe each other
//! ([`wire`]). A server asks where hyperd is ([`client`]) and starts the daemon where there is none (`start`). The
//! daemon ([`run`]) serves them (`listener`), sees to it that it is found (`presence`), and replaces a hyperd that dies or hangs (`supervise`).

pub mod client;
pub mod discovery;
mod listener;
mod presence;
pub mod run;
mod start;
mod supervise;
pub mod wire;
