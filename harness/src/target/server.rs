//! The target that a file describes.

use std::path::Path;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::file::{EngineUse, Extra, Kind, Options, TargetFile};
use super::http::Http;
use super::{Demands, Duplex, Launch, Running, Target, stdio};

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
                    let extras = extras.into_iter().cloned().collect();
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
    pub(super) fn chosen(&self, launch: &Launch) -> Vec<&Extra> {
        let options = [
            (launch.persistent.is_some(), &self.persistent),
            (launch.persistent.is_none(), &self.ephemeral_only),
            (launch.read_only, &self.read_only),
            (launch.statement_deadline.is_some(), &self.statement_deadline),
            (launch.query_rows_max.is_some(), &self.query_rows_max),
        ];
        options.into_iter().filter(|(wanted, _)| *wanted).filter_map(|(_, option)| option.as_ref()).collect()
    }
}
