//! The lines of a session, passed on as they are.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Tape;

/// How long answers are waited for when the client has said its last.
const LAST_ANSWERS_TIMEOUT: Duration = Duration::from_secs(1);

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client closed its side.
    Client,
    /// The server closed its side.
    Server,
    /// Somebody asked for it.
    Asked,
}

/// Passes every line on, in both directions, and tells the tape of it, until one side ends or `asked` does.
///
/// Each line is taken note of before it is passed on, so that what it names is looked at before the other side changes it.
pub async fn relay(
    tape: &RefCell<Tape>,
    client: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    server: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    asked: impl Future<Output = ()>,
) -> End {
    let answered = Notify::new();
    let to_server = async {
        pass_on(client.0, server.1, |line| tape.borrow_mut().sent(line)).await;
        // Its input is closed by now; what it is still working on may be answered yet.
        let all = async {
            while tape.borrow().waits() {
                answered.notified().await;
            }
        };
        let _ = timeout(LAST_ANSWERS_TIMEOUT, all).await;
    };
    let to_client = pass_on(server.0, client.1, |line| {
        tape.borrow_mut().heard(line);
        answered.notify_one();
    });
    tokio::select! {
        biased;
        () = asked => End::Asked,
        () = to_client => End::Server,
        () = to_server => End::Client,
    }
}

/// Ends when there is no more to read, or nobody to read it.
async fn pass_on(from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, hear: impl Fn(&[u8])) {
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        hear(&line);
        if to.write_all(&line).await.is_err() || to.flush().await.is_err() {
            break;
        }
        line.clear();
    }
}
