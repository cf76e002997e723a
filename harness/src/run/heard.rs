//! Notifications that a step asks after.

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Failure, Frame};
use crate::decode::Decoder;
use crate::pattern;
use crate::scenario::Step;
use crate::source::{Diagnostic, nearest};
use crate::syntax::Node;
use crate::target::{Client, Direction, Message};

/// The notifications that the protocol has for clients, by which a misspelt one is found.
const METHODS: [&str; 8] = [
    "notifications/cancelled",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/tools/list_changed",
];

/// A notification as a step describes it.
#[derive(Debug)]
pub(crate) struct Heard {
    method: Node,
    params: Option<Node>,
}

/// The same with its variables replaced.
pub(crate) struct Wanted {
    method: String,
    params: Option<Node>,
}

/// What a client has heard since the last step that acted.
pub(crate) struct Ear<'a> {
    wanted: &'a Wanted,
    client: Rc<Client>,
    since: Instant,
}

impl Heard {
    /// A method as the wire has it, as a JSON Schema; which names are misspelt, a schema cannot tell.
    pub(crate) fn method_shape() -> Value {
        json!({ "type": "string", "pattern": r"^notifications/|\$\(" })
    }

    /// Reads a method and what its params must be like.
    pub(crate) fn decode(method: &Node, params: Option<&Node>, decoder: &mut Decoder) -> Option<Self> {
        if let Some(params) = params {
            decoder.pattern(params);
        }
        let name = decoder.name(method, "a notification")?;
        let near = nearest(&name, METHODS);
        // A method of a server's own is no mistake; one that is nearly the protocol's is.
        if !METHODS.contains(&name.as_str()) && !name.contains("$(") {
            let problem = if let Some(near) = near {
                Some(format!("did you mean `{near}`?"))
            } else {
                let end = format!("/{name}");
                let whole: Vec<&str> = METHODS.into_iter().filter(|known| known.ends_with(&end)).collect();
                let known = if whole.is_empty() { METHODS.to_vec() } else { whole };
                let bare = !name.starts_with("notifications/");
                bare.then(|| format!("write the whole method, as it is on the wire: {}", known.join(", ")))
            };
            if let Some(help) = problem {
                decoder.report(
                    Diagnostic::new(&method.span, format!("there is no notification `{name}`"), "unknown method")
                        .help(help),
                );
            }
        }
        Some(Self { method: method.clone(), params: params.cloned() })
    }

    /// With its variables replaced.
    pub(crate) fn resolve(&self, frame: &Frame<'_>) -> Result<Wanted, Diagnostic> {
        let params = self.params.as_ref().map(|params| frame.resolve(params)).transpose()?;
        Ok(Wanted { method: frame.text(&self.method)?, params })
    }
}

impl Wanted {
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn params(&self) -> Option<&Node> {
        self.params.as_ref()
    }

    /// What the step's client hears. A client that never connected hears nothing, which would prove nothing.
    pub(crate) fn ear(&self, frame: &Frame<'_>, step: &Step) -> Result<Ear<'_>, Failure> {
        let client = frame.scene.known_client(&step.client).ok_or_else(|| {
            Failure::new(&step.span, format!("the client `{}` has not connected yet", step.client), "nothing to hear")
                .help("let it do something in a step before this one, such as `list: tools`")
        })?;
        Ok(Ear { wanted: self, client, since: frame.scene.acted() })
    }
}

impl Ear<'_> {
    /// The params of the first such notification, waiting for it for that long.
    pub(crate) async fn hears(&self, within: Duration) -> Option<Value> {
        let find = |messages: &[Message]| {
            let mut params = self.since(messages).filter(|message| self.has_method(message)).map(params);
            params.find(|found| self.wanted.params.as_ref().is_none_or(|params| pattern::fits(params, Some(found))))
        };
        tokio::time::timeout(within, self.client.traffic.wait(find)).await.ok()
    }

    /// The params of the last one with the method, which fit not.
    pub(crate) fn nearest(&self) -> Option<Value> {
        let messages = self.client.traffic.since(0);
        self.since(&messages).filter(|message| self.has_method(message)).map(params).next_back()
    }

    /// Each as a line.
    pub(crate) fn all(&self) -> Vec<String> {
        let messages = self.client.traffic.since(0);
        let line = |message: &Message| {
            let method = message.body["method"].as_str().unwrap_or_default();
            format!("{method} {}", pattern::brief(&params(message)))
        };
        let lines: Vec<String> = self.since(&messages).map(line).collect();
        if lines.is_empty() { vec!["none".to_owned()] } else { lines }
    }

    fn since<'m>(&self, messages: &'m [Message]) -> impl DoubleEndedIterator<Item = &'m Message> {
        let since = self.since;
        messages.iter().filter(move |message| {
            let notification = message.body.get("id").is_none() && message.body.get("method").is_some();
            message.direction == Direction::Received && message.at >= since && notification
        })
    }

    fn has_method(&self, message: &Message) -> bool {
        message.body["method"] == self.wanted.method.as_str()
    }
}

fn params(message: &Message) -> Value {
    message.body["params"].clone()
}
