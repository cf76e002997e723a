//! Signs of life of a hyperd.
//!
//! They are asked for on a thread of their own. The threads that serve calls may be busy for many seconds, with the
//! writing of long answers; a hyperd is not to blame for an answer that nobody takes in.

use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;

use super::connection::{Connection, Unopened};
use super::effort::Effort;
use crate::limits;

/// What a hyperd that is asked for a sign of life does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// It answers a statement on a new connection.
    Answers,
    /// It takes no connection: nobody listens there, or it refused.
    Refuses,
    /// It answers nothing in time because it works on other statements.
    Works,
    /// It does nothing of that.
    Silent,
}

/// Asks the hyperd at `endpoint` for a sign of life; `pid` is its process, where that is on this machine.
pub async fn pulse(endpoint: &str, pid: Option<u32>, deadline: Duration) -> Pulse {
    let (tell, told) = oneshot::channel();
    let asked = endpoint.to_owned();
    let asking = move || {
        let felt = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map(|runtime| runtime.block_on(feel(&asked, pid, deadline)));
        // Whoever asked may have ended; then nobody needs it.
        let _ = tell.send(felt);
    };
    let felt = match std::thread::Builder::new().name("pulse".to_owned()).spawn(asking) {
        Ok(_) => told.await.ok(),
        Err(error) => Some(Err(error)),
    };
    match felt {
        Some(Ok(pulse)) => pulse,
        // Where this process is out of threads or descriptors, nothing is known of hyperd.
        failed => {
            tracing::warn!(?failed, "hyperd could not be asked for a sign of life");
            Pulse::Works
        }
    }
}

async fn feel(endpoint: &str, pid: Option<u32>, deadline: Duration) -> Pulse {
    let effort = Effort::of(pid);
    match Connection::open(endpoint, env!("CARGO_PKG_NAME"), deadline).await {
        Ok(_) => Pulse::Answers,
        Err(Unopened::Refused(_)) => Pulse::Refuses,
        Err(Unopened::Silent) if effort.is_work() => Pulse::Works,
        Err(Unopened::Silent) => Pulse::Silent,
    }
}

/// The last sign of life, which all calls share that wait for one hyperd.
#[derive(Debug, Default)]
pub(super) struct Heart {
    last: Mutex<Option<Beat>>,
}

#[derive(Debug)]
struct Beat {
    endpoint: String,
    at: Instant,
    pulse: Pulse,
}

impl Heart {
    /// The pulse of a hyperd, not older than [`limits::PULSE_MS`].
    pub(super) async fn pulse(&self, endpoint: &str, pid: Option<u32>, deadline: Duration) -> Pulse {
        let mut last = self.last.lock().await;
        if let Some(beat) = &*last
            && beat.endpoint == endpoint
            && beat.at.elapsed() < limits::ms(limits::PULSE_MS)
        {
            return beat.pulse;
        }
        let pulse = pulse(endpoint, pid, deadline).await;
        *last = Some(Beat { endpoint: endpoint.to_owned(), at: Instant::now(), pulse });
        pulse
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    use super::{Pulse, pulse};

    /// The threads that serve calls are busy for longer than the deadline while hyperd refuses in half of it.
    #[tokio::test]
    async fn a_busy_runtime_is_no_silent_hyperd() {
        const DEADLINE: Duration = Duration::from_secs(1);
        /// That no password is wanted, the key of the connection, and that a statement may come.
        const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x02Z\0\0\0\x05I";
        const REFUSAL: &[u8] = b"E\0\0\0\x17SFATAL\0C53300\0Mno\0\0";
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = UnixListener::bind(folder.path().join("hyper")).expect("a socket can be made");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("somebody connects");
                for answer in [WELCOME, REFUSAL] {
                    let mut asked = [0; 512];
                    let _ = stream.read(&mut asked);
                    std::thread::sleep(DEADLINE / 4);
                    let _ = stream.write_all(answer);
                }
            }
        });
        let endpoint = format!("tab.domain://{}/domain/hyper", folder.path().display());
        let asked = tokio::spawn(async move { pulse(&endpoint, None, DEADLINE).await });
        tokio::task::yield_now().await;
        std::thread::sleep(DEADLINE * 2);
        assert_eq!(asked.await.expect("it is asked"), Pulse::Refuses);
    }
}
