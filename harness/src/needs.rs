//! `needs: { hyper: ">=0.0.19484" }`: what a scenario can only be run with. Where that is missing, it is not applicable.

use crate::decode::Decoder;
use crate::range::Range;
use crate::source::Diagnostic;
use crate::syntax::{Entry, Node};

/// What can be asked for, as it is written.
const KINDS: [&str; 3] = ["hyper", "protocol", "target"];

/// What a scenario needs.
#[derive(Debug, Clone, Default)]
pub struct Needs(Vec<Need>);

#[derive(Debug, Clone)]
struct Need {
    kind: &'static str,
    wanted: Wanted,
    text: String,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// A release or a revision, by its numbers.
    Release(Range<Vec<u64>>),
    /// One of these names.
    Name(Vec<String>),
}

/// What a run has, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// The release of hyperd; `None` where it is not known yet, so that nothing is said of it.
    pub hyper: Option<&'a str>,
    /// The revision of MCP.
    pub protocol: &'a str,
    /// The target's name.
    pub target: &'a str,
}

impl Needs {
    /// Reads `needs`.
    pub fn decode(node: &Node, decoder: &mut Decoder) -> Self {
        let Some(entries) = node.as_map().filter(|entries| !entries.is_empty()) else {
            decoder.expected(node, "`needs`", "a map such as `{ hyper: \">=0.0.19484\" }`");
            return Self::default();
        };
        Self(entries.iter().filter_map(|entry| Need::decode(entry, decoder)).collect())
    }

    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self([self.0.as_slice(), other.0.as_slice()].concat())
    }

    /// Each need as words: `hyper >=0.0.19484`.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|need| format!("{} {}", need.kind, need.text))
    }

    /// Whether the release of hyperd has to be known.
    pub fn of_hyper(&self) -> bool {
        self.0.iter().any(|need| need.kind == "hyper")
    }

    /// Why a scenario with these needs is not applicable here; `None` where it is, as far as is known.
    pub fn unmet(&self, here: &Here<'_>) -> Option<String> {
        self.0.iter().find_map(|need| {
            let has = match need.kind {
                "hyper" => here.hyper?,
                "protocol" => here.protocol,
                _ => here.target,
            };
            (!need.holds(has)).then(|| format!("needs {} {}, and this is {has}", need.kind, need.text))
        })
    }
}

impl Need {
    fn decode(entry: &Entry, decoder: &mut Decoder) -> Option<Self> {
        let Entry { key, value } = entry;
        let Some(kind) = KINDS.into_iter().find(|known| *known == key.name) else {
            decoder.report(
                Diagnostic::new(&key.span, format!("`{}` is nothing that can be needed", key.name), "unknown need")
                    .help_names(&key.name, KINDS),
            );
            return None;
        };
        if kind == "target" {
            let names: Vec<String> = decoder.texts(value, "a target").into_iter().map(|(name, _)| name).collect();
            return Some(Self { kind, text: names.join(" or "), wanted: Wanted::Name(names) });
        }
        let text = decoder.name(value, "a need")?;
        match Range::parse(&text, numbers) {
            Ok(wanted) => Some(Self { kind, wanted: Wanted::Release(wanted), text }),
            Err(part) => {
                let (what, example) = match kind {
                    "hyper" => ("release", ">=0.0.19484, <0.0.25080"),
                    _ => ("revision", ">=2025-06-18"),
                };
                decoder.report(
                    Diagnostic::new(&value.span, format!("`{part}` is no {what} to compare with"), "this need")
                        .help(format!("write a {what}, or comparisons with `,` between them: `{kind}: \"{example}\"`")),
                );
                None
            }
        }
    }

    fn holds(&self, has: &str) -> bool {
        match &self.wanted {
            Wanted::Name(names) => names.iter().any(|name| name == has),
            // What is no release, such as `unknown`, meets no need.
            Wanted::Release(wanted) => numbers(has).is_some_and(|has| wanted.holds(&has)),
        }
    }
}

/// A release's or a revision's numbers: `0.0.19484`, `2025-11-25`.
fn numbers(release: &str) -> Option<Vec<u64>> {
    release.split(['.', '-']).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Need, Wanted, numbers};
    use crate::range::Range;

    #[rstest]
    #[case(">=0.0.19484", "0.0.19484", true)]
    #[case(">=0.0.19484", "0.0.9484", false)]
    #[case(">0.0.19484", "0.0.19484", false)]
    #[case("<0.0.25080", "0.0.100000", false)]
    #[case(">=0.0.19484, <0.0.25080", "0.0.25080", false)]
    #[case(">=0.0.19484, <0.0.25080", "0.0.20000", true)]
    #[case("0.0.26963", "0.0.26963", true)]
    #[case("=0.0.26963", "0.0.26964", false)]
    #[case(">=0.0.19484", "unknown", false)]
    #[case("<2026-07-28", "2025-11-25", true)]
    fn releases_compare_by_number(#[case] text: &str, #[case] has: &str, #[case] holds: bool) {
        let wanted = Wanted::Release(Range::parse(text, numbers).expect("comparisons"));
        assert_eq!(Need { kind: "hyper", wanted, text: text.to_owned() }.holds(has), holds);
    }

    #[rstest]
    #[case("")]
    #[case("newest")]
    #[case(">=")]
    #[case(">= 0.0.x")]
    #[case("0.0.1,")]
    #[case("~0.0.1")]
    fn what_is_no_release_is_refused(#[case] text: &str) {
        assert!(Range::parse(text, numbers).is_err());
    }
}
