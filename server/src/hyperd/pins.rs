//! The release of hyperd that is fetched when none is named, and the digest that its archive must have.

use std::env::consts;
use std::fmt;

use crate::error::{Code, Error};

/// An operating system and a processor, in the words of [`std::env::consts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `macos`, `windows` ...
    pub os: &'static str,
    /// `x86_64`, `aarch64` ...
    pub arch: &'static str,
}

/// A platform's pinned release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The platform that the archive is for.
    pub platform: Platform,
    /// The release, as hyperd numbers itself.
    pub release: &'static str,
    /// The SHA-256 of the release's wheel for the platform.
    pub sha256: &'static str,
}

/// The newest release that each platform has. They differ because macOS gets its wheels later.
const PINS: [Pin; 4] = [
    Pin {
        platform: Platform { os: "linux", arch: "x86_64" },
        release: "0.0.26963",
        sha256: "35376f598c6fdfa52fe25769778f756e2daec1c124ff8f471b5e098cb9cf7863",
    },
    Pin {
        platform: Platform { os: "macos", arch: "aarch64" },
        release: "0.0.26479",
        sha256: "e80e4dac6d8437ad8c20f36add7e523b18bc06d90d4c605a256c57df8df2c118",
    },
    Pin {
        platform: Platform { os: "macos", arch: "x86_64" },
        release: "0.0.26479",
        sha256: "960e276028137847a3870695d9c2d5a1392c173b1e119ff1146d24a75deca71a",
    },
    Pin {
        platform: Platform { os: "windows", arch: "x86_64" },
        release: "0.0.26963",
        sha256: "35e64279c619157561158128b3ef7e2c1107855be39b8fa0c1967371ad394ffd",
    },
];

impl Platform {
    /// The platform that this program was built for.
    pub const fn current() -> Self {
        Self { os: consts::OS, arch: consts::ARCH }
    }

    /// The platform's pin. A platform without one has no hyperd at all.
    pub fn pin(self) -> Result<&'static Pin, Error> {
        PINS.iter().find(|pin| pin.platform == self).ok_or_else(|| {
            let supported = PINS.map(|pin| pin.platform.to_string()).join(", ");
            Error::new(
                Code::HyperdNotFound,
                format!("No hyperd is published for {self}; there is one for {supported}."),
            )
            .suggest(
                "Connect to a hyperd that runs on a supported machine (--endpoint HOST:PORT), or set HYPERD_PATH \
                     to one that this machine can run.",
            )
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

/// The release that is fetched on this platform when none is named.
pub fn pinned_release() -> Result<&'static str, Error> {
    Platform::current().pin().map(|pin| pin.release)
}
