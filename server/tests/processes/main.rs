//! The command as processes: what happens when they are killed, meet each other, or find no room. Unix only: signals are sent.
//! One program for all of it, because its cases mostly wait, and `cargo test` runs one program after the other.
#![cfg(unix)]

mod daemon;
mod ends;
mod folders;
mod hints;
mod leftovers;
mod modes;
#[cfg(target_os = "linux")]
mod paths;
#[cfg(target_os = "linux")]
mod places;
mod random;
mod storm;
mod support;
mod watch;
