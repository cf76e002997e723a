//! `--bless`: what it writes, byte for byte, and what it leaves alone.
//!
//! `bless/cases/x.yaml` is blessed against a server that answers what a scenario tells it to, and must become
//! `x.blessed.yaml`; `x.left` is what it says of places that it leaves. `HYPER_CONFORM_BLESS=1 cargo test --test bless`
//! writes them anew; the difference is then reviewed.

mod cases;
mod mirror;
mod random;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut trials = cases::trials();
    trials.push(
        Trial::test("bless::a_corrupted_expectation_is_put_right", random::a_corrupted_expectation_is_put_right)
            .with_ignored_flag(true),
    );
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
