//! The target that a file describes.

use std::path::Path;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::Value;

use super::file::{EngineUse, Extra, Kind, Options, TargetFile};
use super::http::Http;
use super::{Demands, Duplex, Launch, Running, Target, stdio};
use crate::bounds::{Bound, Limit};
use crate::vars::Vars;

impl Target for TargetFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn named(&self) -> &str {
        &self.named
    }

    fn is_reference(&self) -> bool {
        self.reference
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn needs_engine(&self) -> bool {
        self.engine != EngineUse::None
    }

    fn starts_engine(&self) -> bool {
        self.engine == EngineUse::Own
    }

    fn cannot(&self, demands: &Demands) -> Option<String> {
        Self::cannot(self, demands)
    }

    fn launch(&self, launch: Launch) -> LocalBoxFuture<'_, Result<Rc<dyn Running>, String>> {
        async move {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let extras = self.options.chosen(&launch);
            match &self.kind {
                Kind::Duplex => Duplex.launch(launch).await,
                Kind::Command { program, clients } => {
                    Ok(stdio::server(program, extras, *clients, launch, folder.to_owned()))
                }
                Kind::Http { address, access, program, start_timeout } => {
                    let place = (address, access);
                    Http::open(place, program.as_ref(), &extras, *start_timeout, &launch, folder).await
                }
            }
        }
        .boxed_local()
    }
}

impl Options {
    /// What a server with these options is started with besides its own command. What it lacks was found before.
    pub(super) fn chosen(&self, launch: &Launch) -> Vec<Chosen> {
        let options = [
            (launch.persistent.is_some(), &self.persistent),
            (launch.persistent.is_none(), &self.ephemeral_only),
            (launch.read_only, &self.read_only),
        ];
        let wanted = options.into_iter().filter(|(wanted, _)| *wanted).filter_map(|(_, option)| option.clone());
        let plain = wanted.map(|extra| Chosen { extra, limit: None });
        let bounded = launch.bounds.iter().filter_map(|(bound, limit)| {
            Some(Chosen { extra: self.bound(bound)?.clone(), limit: Some((bound, limit)) })
        });
        plain.chain(bounded).collect()
    }
}

/// An option that a server is started with.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) extra: Extra,
    limit: Option<(&'static Bound, Limit)>,
}

impl Chosen {
    /// What the names in it stand for; `vars` are those of the whole command.
    pub(super) fn vars(&self, vars: &Vars) -> Vars {
        let mut vars = vars.clone();
        if let Some((bound, limit)) = self.limit {
            for placeholder in bound.placeholders() {
                vars.set(*placeholder, Value::String(limit.written(placeholder)));
            }
        }
        vars
    }
}
