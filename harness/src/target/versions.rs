//! For which versions of a server something is said of it.

use semver::{BuildMetadata, Version};

use crate::range::Range;

/// Versions between bounds, in the order of Semantic Versioning: `1.0.0-rc.5` comes before `1.0.0`.
#[derive(Debug, Clone)]
pub struct Versions {
    /// As it is written.
    pub text: String,
    range: Range<Version>,
}

impl Versions {
    /// Reads `>=1.0.0, <1.1.0`; a version alone stands for just this one.
    ///
    /// # Errors
    ///
    /// The part that cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), range: Range::parse(text, version)? })
    }

    /// Whether a server of this version is among them. What is no version is in no range.
    pub fn hold(&self, has: &str) -> bool {
        version(has).is_some_and(|has| self.range.holds(&has))
    }

    /// Whether a version can be in both.
    pub(super) fn meet(&self, other: &Self) -> bool {
        self.range.meets(&other.range)
    }
}

/// A version without what has no part in the order.
fn version(text: &str) -> Option<Version> {
    let version = Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()?;
    Some(Version { build: BuildMetadata::EMPTY, ..version })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Versions;

    #[rstest]
    #[case("<1.1.0", "1.0.0-rc.5", true)]
    #[case("<1.0.0", "1.0.0-rc.5", true)]
    #[case(">=1.0.0", "1.0.0-rc.5", false)]
    #[case(">=1.0.0-rc.4, <1.0.0-rc.10", "1.0.0-rc.5", true)]
    #[case("1.0.0", "1.0.0+linux", true)]
    #[case("1.0.0", "v1.0.0", true)]
    #[case("<2.0.0", "10.0.0", false)]
    #[case(">0.0.0", "today", false)]
    fn versions_are_in_the_order_of_semantic_versioning(#[case] range: &str, #[case] has: &str, #[case] holds: bool) {
        assert_eq!(Versions::parse(range).expect("a range").hold(has), holds);
    }

    #[rstest]
    #[case("", "")]
    #[case("<1.1", "<1.1")]
    #[case(">=1.0.0, newer", "newer")]
    #[case("~1.0.0", "~1.0.0")]
    fn what_is_no_version_is_named(#[case] range: &str, #[case] part: &str) {
        assert_eq!(Versions::parse(range).expect_err("no range"), part);
    }
}
