//! One broken server, in a line that says what is wrong and a few that make it so.

use super::fault::{Answer, Call, Deed, Fault};
use serde_json::Value;

/// A server that is broken on purpose.
#[derive(Clone, Copy)]
pub(super) struct Suspect {
    /// What it does wrong, as the end of a sentence that begins with the server.
    pub(super) name: &'static str,
    /// Where it is looked for first: a part of the names of the scenarios that are likely to catch it.
    pub(super) first: &'static str,
    /// What is wrong.
    pub(super) fault: Fault,
    /// Whether its answers are held to the schemas of `tools/list`, as those of every server are. Other suspects are
    /// let off, because a schema must not do the work of a scenario.
    pub(super) held_to_schemas: bool,
}

impl Suspect {
    const fn new(name: &'static str, first: &'static str, fault: Fault) -> Self {
        Self { name, first, fault, held_to_schemas: false }
    }

    /// The same, held to the schemas of `tools/list`.
    pub(super) const fn held_to_schemas(self) -> Self {
        Self { held_to_schemas: true, ..self }
    }
}

/// Understands a call wrongly.
pub(super) const fn asked(name: &'static str, first: &'static str, change: fn(&mut Call)) -> Suspect {
    Suspect::new(name, first, Fault::Asked(change))
}

/// Says something wrong of a call.
pub(super) const fn answered(name: &'static str, first: &'static str, change: fn(&Call, &mut Answer)) -> Suspect {
    Suspect::new(name, first, Fault::Answered(change))
}

/// Does a call wrongly.
pub(super) const fn instead(name: &'static str, first: &'static str, deed: Deed) -> Suspect {
    Suspect::new(name, first, Fault::Instead(deed))
}

/// Describes its tools wrongly.
pub(super) const fn listed(name: &'static str, first: &'static str, change: fn(&mut Value)) -> Suspect {
    Suspect::new(name, first, Fault::Listed(change))
}

/// Notifies wrongly.
pub(super) const fn told(name: &'static str, first: &'static str, change: fn(Value) -> Vec<Value>) -> Suspect {
    Suspect::new(name, first, Fault::Told(change))
}

/// Hears notifications wrongly.
pub(super) const fn heard(name: &'static str, first: &'static str, change: fn(Value) -> Vec<Value>) -> Suspect {
    Suspect::new(name, first, Fault::Heard(change))
}
