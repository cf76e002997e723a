//! Which revision of MCP the clients of a run speak, and so how they begin: with `initialize`, or without.

use std::fmt;
use std::str::FromStr;

use rmcp::ClientLifecycleMode;
use rmcp::model::ProtocolVersion;

/// A revision of MCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    version: ProtocolVersion,
    exact: bool,
}

impl Default for Protocol {
    /// The newest revision with a handshake, or an older one that the server prefers.
    fn default() -> Self {
        Self { version: ProtocolVersion::LATEST_WITH_INITIALIZE, exact: false }
    }
}

impl FromStr for Protocol {
    type Err = String;

    /// A revision that was asked for by name: a server that speaks another one has not what was asked for.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = ProtocolVersion::KNOWN_VERSIONS;
        let version = known.iter().find(|version| version.as_str() == text).cloned();
        version.map(|version| Self { version, exact: true }).ok_or_else(|| {
            let known: Vec<&str> = known.iter().map(ProtocolVersion::as_str).collect();
            format!("there is no revision `{text}` of MCP; known are {}", known.join(", "))
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version.as_str())
    }
}

impl Protocol {
    /// The revision's date, by which revisions are named.
    pub fn revision(&self) -> &str {
        self.version.as_str()
    }

    /// Whether it was asked for, and not merely taken because nothing was said.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    pub(super) fn version(&self) -> &ProtocolVersion {
        &self.version
    }

    pub(super) fn lifecycle(&self) -> ClientLifecycleMode {
        if self.version.has_initialize() {
            ClientLifecycleMode::Initialize
        } else {
            ClientLifecycleMode::Discover { preferred_versions: vec![self.version.clone()] }
        }
    }

    /// Whether a server that answered with `revision` speaks what was asked for.
    pub(super) fn accepts(&self, revision: &ProtocolVersion) -> bool {
        !self.exact || *revision == self.version
    }
}
