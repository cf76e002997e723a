//! `$(name)` in a target's file: which names there are where, and what they stand for.

use serde_json::Value;

use super::Launch;
use super::file::EngineUse;
use crate::bounds::{BOUNDS, Bound};
use crate::decode::Decoder;
use crate::source::Diagnostic;
use crate::syntax::Node;
use crate::vars::{self, Vars};

/// A place in a target's file, as far as it decides on the names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Where the server's hyperd comes from.
    pub(super) engine: EngineUse,
    /// Whether a server is started that listens.
    pub(super) port: bool,
    /// The server option.
    pub(super) option: Option<&'static str>,
    /// Whether it can name variables of the runner's own environment, which is where secrets are.
    pub(super) env: bool,
}

/// What the names of variables of the environment begin with.
pub(super) const ENV_PREFIX: &str = "env.";

impl Place {
    fn names(self) -> Vec<&'static str> {
        let mut names = vec!["scratch"];
        match self.engine {
            EngineUse::None => {}
            EngineUse::Own => names.push("hyperd"),
            EngineUse::Endpoint => names.push("endpoint"),
        }
        if self.port {
            names.push("port");
        }
        if self.env {
            names.push("env.NAME");
        }
        match self.option {
            Some("persistent") => names.push("persistent"),
            option => {
                let bound = BOUNDS.iter().find(|bound| Some(bound.name) == option);
                names.extend(bound.into_iter().flat_map(Bound::placeholders));
            }
        }
        names
    }
}

/// Reports what is no text, and names that do not exist at this place.
pub(super) fn check(node: &Node, what: &str, place: Place, decoder: &mut Decoder) -> Option<()> {
    decoder.text(node, what)?;
    let (used, problems) = vars::names(node);
    let mut clean = problems.is_empty();
    decoder.report_all(problems);
    let known = place.names();
    let of_env = |name: &str| place.env && name.len() > ENV_PREFIX.len() && name.starts_with(ENV_PREFIX);
    for (name, holder) in used.iter().filter(|(name, _)| !known.contains(&name.as_str()) && !of_env(name)) {
        clean = false;
        decoder.report(
            Diagnostic::new(&holder.span, format!("there is no `$({name})` here"), "unknown name")
                .help_names(name, known.iter().copied()),
        );
    }
    clean.then_some(())
}

/// What the names stand for when a server is started.
pub(super) fn values(launch: &Launch, port: Option<u16>) -> Vars {
    let mut vars = Vars::default();
    let mut text = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            vars.set(name, Value::String(value));
        }
    };
    text("scratch", Some(launch.scratch.to_string_lossy().into_owned()));
    text("hyperd", launch.hyperd.as_ref().map(|path| path.to_string_lossy().into_owned()));
    text("endpoint", launch.endpoint.clone());
    text("port", port.map(|port| port.to_string()));
    text("persistent", launch.persistent.as_ref().map(|path| path.to_string_lossy().into_owned()));
    vars
}
