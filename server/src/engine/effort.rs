//! Whether a hyperd that does not answer works.
//!
//! hyperd serves new connections with the threads that run statements. A few heavy statements, or ones that wait for a
//! table, keep them for many seconds (measured: a login beside sixteen aggregates took longer than ten). Such a hyperd
//! uses the processor; one that is stopped, or waits for a pipe, does not. To end the first would cost all that it does.

use std::time::Instant;

/// Clock ticks in a second, as Linux counts them in /proc on every machine.
const TICKS_PER_SECOND: f64 = 100.0;
/// The share of one processor above which a process works. A hyperd without work uses less than a hundredth.
const WORKING_SHARE: f64 = 0.05;

/// What a process does from a moment on.
pub(super) struct Effort {
    pid: Option<u32>,
    since: Instant,
    ticks: Option<u64>,
}

impl Effort {
    /// Begins to watch a process; none is one of another machine.
    pub(super) fn of(pid: Option<u32>) -> Self {
        Self { pid, since: Instant::now(), ticks: pid.and_then(ticks) }
    }

    /// Whether it has worked since. False where nobody can tell.
    pub(super) fn is_work(&self) -> bool {
        let (Some(before), Some(now)) = (self.ticks, self.pid.and_then(ticks)) else { return false };
        let used = u32::try_from(now.saturating_sub(before)).map_or(f64::MAX, f64::from);
        used >= self.since.elapsed().as_secs_f64() * TICKS_PER_SECOND * WORKING_SHARE
    }
}

/// The processor time of a process, of the system for it and of its own.
#[cfg(target_os = "linux")]
fn ticks(pid: u32) -> Option<u64> {
    /// The place of the first of the two among what follows the name, which may hold spaces.
    const USER_AT: usize = 11;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(USER_AT);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(not(target_os = "linux"))]
fn ticks(_pid: u32) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Effort;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_works_is_told_from_one_that_sleeps() {
        let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().expect("it starts");
        let (sleeping, working) = (Effort::of(Some(sleeper.id())), Effort::of(Some(std::process::id())));
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(500) {
            std::hint::black_box(began.elapsed());
        }
        assert!(working.is_work() && !sleeping.is_work());
        sleeper.kill().and_then(|()| sleeper.wait()).expect("it ends");
        assert!(!Effort::of(None).is_work());
    }
}
