//! What a server and the daemon say to each other: a line of JSON each way, after a proof each way.
//!
//! ```text
//! daemon  {"program": "hyperd-mcp", "version": "0.1.0", "nonce": "..."}
//! client  {"nonce": "...", "proof": sha256(secret, "client", daemon's nonce), "ask": "status"}
//! daemon  {"proof": sha256(secret, "daemon", client's nonce), "state": {...}}
//! ```
//!
//! The secret itself never leaves either process: whoever listens at a port of the past learns nothing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

/// Longest line that is read.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// Random bytes of a secret and of a nonce.
const RANDOM_BYTES: usize = 32;
/// The name of the program in the greeting.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_NAME");
/// The version in the greeting.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub(super) program: String,
    pub(super) version: String,
    pub(super) nonce: String,
}

/// What a client wants of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// To know its state.
    Status,
    /// The same, and to be counted as a client until the connection closes.
    Attend,
    /// That it ends.
    Stop,
    /// That it replaces a hyperd which hangs, as its own look at it does not show, unless it is to leave one alone.
    Replace {
        /// The process id, so that no successor is meant.
        hyperd_pid: u32,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) nonce: String,
    pub(super) proof: String,
    pub(super) ask: Ask,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) proof: String,
    pub(super) state: State,
}

/// The state of a daemon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The daemon's version.
    pub version: String,
    /// The daemon's process id.
    pub pid: u32,
    /// Where its hyperd listens, as `--endpoint` takes it.
    pub endpoint: String,
    /// The process id of its hyperd.
    pub hyperd_pid: u32,
    /// The executable of its hyperd.
    pub hyperd: String,
    /// Servers that are connected.
    pub clients: usize,
    /// How often hyperd was replaced.
    pub replaced: u64,
    /// What is wrong with hyperd at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Random digits.
pub(super) fn random() -> std::io::Result<String> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(hex(&bytes))
}

/// What only one who knows `secret` can say to `nonce`.
pub(super) fn proof(secret: &str, who: &str, nonce: &str) -> String {
    hex(&Sha256::digest(format!("{secret}\n{who}\n{nonce}")))
}

pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message).map_err(std::io::Error::other)?;
    line.push(b'\n');
    to.write_all(&line).await
}

pub(super) async fn read<T: DeserializeOwned>(from: &mut BufReader<impl AsyncRead + Unpin>) -> std::io::Result<T> {
    let mut line = Vec::new();
    from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    serde_json::from_slice(&line).map_err(std::io::Error::other)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)]));
    bytes.iter().flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::{proof, random};

    #[test]
    fn a_proof_depends_on_the_secret_the_side_and_the_nonce() {
        let known = proof("secret", "client", "nonce");
        assert_eq!(known, proof("secret", "client", "nonce"));
        for other in [proof("s", "client", "nonce"), proof("secret", "daemon", "nonce"), proof("secret", "client", "n")]
        {
            assert_ne!(known, other);
        }
    }

    #[test]
    fn no_two_nonces_are_the_same() {
        assert_ne!(random().expect("the system has random bytes"), random().expect("the system has random bytes"));
    }
}
