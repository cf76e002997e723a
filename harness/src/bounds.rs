//! The bounds that a scenario can ask of its server.
//!
//! A bound is one row of [`BOUNDS`]. What reads, writes, checks and passes on the options of a server goes through these
//! rows, so that none of them can leave a bound out.

use std::fmt;
use std::time::Duration;

use crate::decode::{Decoder, Fields};

/// A bound that a server may have an option for.
#[derive(Debug, PartialEq, Eq)]
pub struct Bound {
    /// Its key in a scenario's `server` and in a target's `options`.
    pub name: &'static str,
    /// What it bounds, as a sentence.
    pub about: &'static str,
    /// What its values are.
    pub kind: BoundKind,
}

/// What the values of a bound are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundKind {
    /// Durations.
    Duration,
    /// Counts.
    Count,
}

/// How long a statement may run.
pub const STATEMENT_DEADLINE: &str = "statement_deadline";
/// How long hyperd may not answer before it is taken to hang.
pub const HANG_DEADLINE: &str = "hang_deadline";
/// How many rows an answer may hold.
pub const QUERY_ROWS_MAX: &str = "query_rows_max";

/// All of them.
pub const BOUNDS: [Bound; 3] = [
    Bound { name: STATEMENT_DEADLINE, about: "How long a statement may run.", kind: BoundKind::Duration },
    Bound {
        name: HANG_DEADLINE,
        about: "How long hyperd may not answer before it is taken to hang.",
        kind: BoundKind::Duration,
    },
    Bound { name: QUERY_ROWS_MAX, about: "How many rows an answer may hold.", kind: BoundKind::Count },
];

/// The value of a bound, written as a scenario has it: `250ms`, `2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A duration.
    Duration(Duration),
    /// A count.
    Count(usize),
}

/// The bounds that somebody asks for; the others are the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds(Vec<(&'static Bound, Limit)>);

impl Bound {
    /// The names in a target's option that stand for the value.
    pub(crate) fn placeholders(&self) -> &'static [&'static str] {
        match self.kind {
            BoundKind::Duration => &["seconds", "milliseconds"],
            BoundKind::Count => &["rows"],
        }
    }
}

impl Limit {
    /// The value that a command says by one of the [placeholders](Bound::placeholders).
    pub(crate) fn read(placeholder: &str, text: &str) -> Option<Self> {
        match placeholder {
            "seconds" => {
                let seconds = text.trim_end_matches('s').parse().ok()?;
                Duration::try_from_secs_f64(seconds).ok().map(Self::Duration)
            }
            "milliseconds" => text.parse().ok().map(Duration::from_millis).map(Self::Duration),
            "rows" => text.parse().ok().map(Self::Count),
            _ => None,
        }
    }

    /// What a [placeholder](Bound::placeholders) stands for.
    pub(crate) fn written(self, placeholder: &str) -> String {
        match self {
            Self::Duration(limit) if placeholder == "seconds" => limit.as_secs_f64().to_string(),
            Self::Duration(limit) => limit.as_millis().to_string(),
            Self::Count(limit) => limit.to_string(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(limit) => write!(f, "{}ms", limit.as_millis()),
            Self::Count(limit) => limit.fmt(f),
        }
    }
}

impl Bounds {
    /// Takes the bounds out of a map.
    pub(crate) fn take(fields: &mut Fields<'_>, decoder: &mut Decoder) -> Self {
        let limit = |bound: &'static Bound| {
            let node = fields.take(bound.name)?;
            let what = format!("`{}`", bound.name);
            let limit = match bound.kind {
                BoundKind::Duration => Limit::Duration(decoder.duration(node, &what)?),
                BoundKind::Count => Limit::Count(usize::try_from(decoder.count(node, &what)?).ok()?),
            };
            Some((bound, limit))
        };
        Self(BOUNDS.iter().filter_map(limit).collect())
    }

    /// Asks for a bound as well.
    pub(crate) fn set(&mut self, bound: &'static Bound, limit: Limit) {
        self.0.retain(|(known, _)| *known != bound);
        self.0.push((bound, limit));
    }

    /// Those that are asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Bound, Limit)> {
        self.0.iter().copied()
    }

    /// The limit of the bound with this name, if it is asked for and a duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.iter().find_map(|(bound, limit)| match limit {
            Limit::Duration(limit) if bound.name == name => Some(limit),
            _ => None,
        })
    }

    /// The limit of the bound with this name, if it is asked for and a count.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.iter().find_map(|(bound, limit)| match limit {
            Limit::Count(limit) if bound.name == name => Some(limit),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{BOUNDS, Bound, BoundKind, Limit};
    use crate::record::Served;
    use crate::target::TargetFile;

    fn limit_of(bound: &Bound) -> Limit {
        match bound.kind {
            BoundKind::Duration => Limit::Duration(Duration::from_millis(1_500)),
            BoundKind::Count => Limit::Count(7),
        }
    }

    #[test]
    fn a_limit_is_read_as_it_was_written() {
        for bound in &BOUNDS {
            for placeholder in bound.placeholders() {
                let limit = limit_of(bound);
                assert_eq!(Limit::read(placeholder, &limit.written(placeholder)), Some(limit), "{}", bound.name);
            }
        }
    }

    /// The server as a process takes each of them, and the recorder finds each of them in a command.
    #[test]
    fn no_bound_is_lost_on_its_way_to_a_process() {
        let suite = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
        let target = suite.join("targets/hyperd-mcp-stdio.toml");
        let target = TargetFile::load(&target, "hyperd-mcp-stdio.toml").expect("the target can be read");
        for bound in &BOUNDS {
            let extra = target.options.bound(bound).unwrap_or_else(|| panic!("{} is missing", bound.name));
            let limit = limit_of(bound);
            let words = extra.args.iter().filter_map(|arg| arg.as_text()).map(|word| {
                let placeholder = word.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
                placeholder.map_or_else(|| word.to_owned(), |placeholder| limit.written(placeholder))
            });
            let command: Vec<_> = std::iter::once("hyperd-mcp".to_owned()).chain(words).map(Into::into).collect();
            let recorded = Served::of_command(&suite, &command).options.bounds;
            assert_eq!(recorded.iter().collect::<Vec<_>>(), [(bound, limit)]);
        }
    }
}
