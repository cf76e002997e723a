//! What `hyper-conform record` writes runs green as it is.

mod bench;
mod refusals;
mod round_trip;
mod sessions;
