//! What a scenario demands of the server that it is run against, known before anything is started.

use crate::scenario::{Scenario, ServerOptions, Step};
use crate::syntax::Node;

/// What a scenario demands of its server.
#[derive(Debug, Clone)]
pub struct Demands {
    /// How the server is started.
    pub options: ServerOptions,
    /// Whether more than one client speaks to the same server, at once or one after the other.
    pub several_clients: bool,
    /// Whether the server is restarted.
    pub restarts_server: bool,
}

impl Demands {
    /// What this scenario demands.
    pub fn of(scenario: &Scenario) -> Self {
        let mut seen = Seen::default();
        seen.steps(&scenario.steps);
        seen.steps(&scenario.finally);
        Self {
            options: scenario.server.clone(),
            several_clients: seen.several_clients,
            restarts_server: seen.restarts_server,
        }
    }
}

#[derive(Default)]
struct Seen<'a> {
    /// Those of the server that runs at this point of the scenario.
    clients: Vec<&'a str>,
    several_clients: bool,
    restarts_server: bool,
}

impl<'a> Seen<'a> {
    fn steps(&mut self, steps: &'a [Step]) {
        for step in steps {
            match step.node.get("restart").and_then(Node::as_text) {
                Some("client") => self.several_clients = true,
                Some(_) => {
                    self.restarts_server = true;
                    self.clients.clear();
                }
                None if step.has_client && !self.clients.contains(&step.client.as_str()) => {
                    self.clients.push(&step.client);
                    self.several_clients |= self.clients.len() > 1;
                }
                None => {}
            }
            // Whoever lost an answer connects anew.
            self.several_clients |= step.drop_response;
            let fragment = step.action.expansion().map(|expansion| expansion.fragment.steps.as_slice());
            self.steps(step.action.inner().or(fragment).unwrap_or_default());
        }
    }
}
