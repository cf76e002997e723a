//! A small process that sees to it that hyperd does not outlive the process that started it.
//!
//! hyperd ends of its own accord when the connection closes on which it called back, and writes what was committed. One
//! that is busy does so late, and one that is stopped or waits in a system call never does. The guard holds a pipe whose
//! other end the starter of hyperd has. When that closes without a word, the starter was killed: the guard gives hyperd
//! [`crate::limits::SHUTDOWN_DEADLINE_MS`] to end by itself, and then kills it.
//!
//! Only Linux has one: elsewhere a number is all that there is of a process, and another one may have it by then.

use std::path::PathBuf;
use std::sync::OnceLock;

pub use platform::{Guard, run};

/// The program to start as a guard.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Has each hyperd that this process starts guarded by `program`, which is to call [`run`] when its arguments are `guard`
/// and a process id. Without this no hyperd has a guard: any other program would not know what to do.
pub fn use_program(program: PathBuf) {
    // Whoever was first is this program.
    let _ = PROGRAM.set(program);
}

/// Keeps the files of this process, such as locks that whoever started it has left open, from those that it starts.
#[cfg(unix)]
pub(crate) fn keep_files() {
    const FIRST_BEYOND_STANDARD_ERROR: i32 = 3;
    close_fds::set_fds_cloexec(FIRST_BEYOND_STANDARD_ERROR, &[]);
}

/// Windows hands down no file that is not named.
#[cfg(not(unix))]
pub(crate) fn keep_files() {}

#[cfg(target_os = "linux")]
mod platform {
    use std::fs::File;
    use std::io::{self, Read as _, Write as _};
    use std::os::fd::{AsFd as _, BorrowedFd};
    use std::process::Stdio;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal, setsid};
    use tokio::process::Command;

    use super::PROGRAM;
    use crate::limits;

    /// What tells the guard that it is not needed any more.
    const DONE: &[u8] = b"done";

    /// A guard that runs. Dropping it tells it that hyperd was seen to end.
    #[derive(Debug)]
    pub struct Guard {
        word: File,
    }

    impl Guard {
        /// Starts a guard of the process `pid`; none where [`super::use_program`] has named no program.
        ///
        /// # Errors
        ///
        /// Why it could not be started.
        pub fn start(pid: u32) -> io::Result<Option<Self>> {
            let Some(program) = PROGRAM.get() else { return Ok(None) };
            super::keep_files();
            let mut command = Command::new(program);
            command.args(["guard", &pid.to_string()]).env_clear().current_dir("/");
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            // What is meant for the group of its starter is not meant for it. Tokio waits for it once it has ended.
            let mut child = command.process_group(0).spawn()?;
            let word = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(Some(Self { word: File::from(word.into_owned_fd()?) }))
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            // One that has ended need not be told.
            let _ = self.word.write_all(DONE);
        }
    }

    /// Guards the process `pid` until it has ended, or until standard input says that it was seen to end.
    ///
    /// # Errors
    ///
    /// Why it could not be watched.
    pub fn run(pid: u32) -> io::Result<()> {
        // It fails where the process leads a session already.
        let _ = setsid();
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        let process = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            opened => opened?,
        };
        let input = io::stdin();
        if is_ready(&[process.as_fd(), input.as_fd()], None)?[0] {
            return Ok(());
        }
        if input.lock().read(&mut [0; 1])? > 0 {
            return Ok(());
        }
        if !is_ready(&[process.as_fd()], Some(limits::SHUTDOWN_DEADLINE_MS))?[0] {
            pidfd_send_signal(&process, Signal::KILL)?;
        }
        Ok(())
    }

    /// Waits until one of them can be read or has ended: of a process, that is its end.
    fn is_ready<const N: usize>(of: &[BorrowedFd<'_>; N], within_ms: Option<u64>) -> io::Result<[bool; N]> {
        let within = within_ms.map(limits::ms).and_then(|within| Timespec::try_from(within).ok());
        let mut waits = of.map(|one| PollFd::from_borrowed_fd(one, PollFlags::IN));
        loop {
            match poll(&mut waits, within.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                done => {
                    done?;
                    return Ok(waits.map(|one| !one.revents().is_empty()));
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::io;

    /// A guard that runs; none does here.
    #[derive(Debug)]
    pub struct Guard;

    impl Guard {
        /// None.
        ///
        /// # Errors
        ///
        /// None.
        #[expect(clippy::unnecessary_wraps, reason = "the signature is that of the other systems")]
        pub fn start(_pid: u32) -> io::Result<Option<Self>> {
            Ok(None)
        }
    }

    /// Nothing.
    ///
    /// # Errors
    ///
    /// That there is no guard here.
    pub fn run(_pid: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
