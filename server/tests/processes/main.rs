//! The command as processes: what happens when they are killed, meet each other, or find no room. Unix only: signals are sent.
//! One program for all of it, because its cases mostly wait, and `cargo test` runs one program after the other.
#![cfg(unix)]

#[cfg(target_os = "linux")]
mod access;
mod apart;
mod causes;
mod daemon;
mod differential;
#[cfg(target_os = "linux")]
mod disk;
mod ends;
mod exports;
mod folders;
mod grammar;
#[cfg(target_os = "linux")]
mod hangs;
mod hints;
mod hostile;
#[cfg(unix)]
mod kept;
mod kv;
mod leftovers;
mod modes;
mod mounts;
mod pair;
mod paths;
#[cfg(target_os = "linux")]
mod places;
mod presence;
mod protocol;
mod random;
mod sharing;
mod storm;
mod support;
mod together;
mod watch;
