//! Every scenario is a test: `cargo test --test scenarios`, with cargo test's filters, or under nextest.

use std::process::ExitCode;

use hyper_conform::{libtest, target::Duplex};

fn main() -> ExitCode {
    libtest::main(Duplex, concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios"))
}
