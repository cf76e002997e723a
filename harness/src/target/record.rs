//! A transport that keeps every message that passes, so that a failure can show what was really said.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rmcp::RoleClient;
use rmcp::model::JsonObject;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client, to the server.
    Sent,
    /// The server, to the client.
    Received,
    /// The server, to the client, which never got it: the step said `drop_response`.
    Dropped,
}

/// One JSON-RPC message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who said it.
    pub direction: Direction,
    /// When it passed.
    pub at: Instant,
    /// The message; shared, because a report keeps it beside the client.
    pub body: Arc<Value>,
}

/// Most of what one connection's messages hold that is kept, in bytes of their JSON.
const TRAFFIC_KEPT_BYTES_MAX: usize = 256 << 20;

/// All messages between one client and its server, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<Vec<Message>>,
    /// Bytes of the messages that are kept.
    bytes: AtomicUsize,
    came: Notify,
}

impl Traffic {
    /// How many messages have passed.
    pub fn len(&self) -> usize {
        self.messages().len()
    }

    /// Whether no message has passed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are the traffic of the same connection.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The messages from number `from` on.
    pub fn since(&self, from: usize) -> Vec<Message> {
        self.messages().get(from..).unwrap_or_default().to_vec()
    }

    /// The parameters of the notifications of `method` among the messages from number `from` on.
    pub fn notifications(&self, method: &str, from: usize) -> Vec<Value> {
        self.since(from)
            .into_iter()
            .filter(|message| message.direction == Direction::Received && message.body["method"] == method)
            .map(|message| message.body["params"].clone())
            .collect()
    }

    /// Looks for what `find` finds among all messages, now and whenever one more has passed.
    pub async fn wait<T>(&self, mut find: impl FnMut(&[Message]) -> Option<T>) -> T {
        loop {
            let came = self.0.came.notified();
            tokio::pin!(came);
            // Registered before the look, so that no message falls between the two.
            came.as_mut().enable();
            if let Some(found) = find(&self.messages()) {
                return found;
            }
            came.await;
        }
    }

    /// Keeps a message. Of one that comes when too much is kept already only that it came, and a report says so.
    fn push(&self, direction: Direction, body: Value) {
        let bytes = size(&body);
        let before = self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        let body = if before.saturating_add(bytes) <= TRAFFIC_KEPT_BYTES_MAX {
            body
        } else {
            let mib = TRAFFIC_KEPT_BYTES_MAX >> 20;
            json!({ "method": body["method"], "not kept": format!("{bytes} bytes: the connection's messages passed {mib} MiB") })
        };
        self.messages().push(Message { direction, at: Instant::now(), body: Arc::new(body) });
        self.0.came.notify_waiters();
    }

    fn messages(&self) -> std::sync::MutexGuard<'_, Vec<Message>> {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how many bytes a value takes as JSON.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + size(value) + 4).sum::<usize>() + 2,
        _ => size_of::<Value>(),
    }
}

/// The calls whose answers are to be kept from the client.
#[derive(Debug, Clone, Default)]
pub(super) struct Dropping(Arc<Mutex<Vec<Armed>>>);

#[derive(Debug)]
struct Armed {
    tool: String,
    arguments: Value,
    /// The request's number, once it was sent.
    id: Option<Value>,
    dropped: oneshot::Sender<()>,
}

impl Dropping {
    /// Drops the answer of the next such call; the receiver hears when that has been done.
    pub(super) fn arm(&self, tool: &str, arguments: &JsonObject) -> oneshot::Receiver<()> {
        let (dropped, receiver) = oneshot::channel();
        self.armed().push(Armed { tool: tool.to_owned(), arguments: json!(arguments), id: None, dropped });
        receiver
    }

    fn sent(&self, body: &Value) {
        let params = &body["params"];
        let mut armed = self.armed();
        let waiting = armed
            .iter_mut()
            .find(|call| call.id.is_none() && call.tool == params["name"] && call.arguments == params["arguments"]);
        if let Some(call) = waiting {
            call.id = Some(body["id"].clone());
        }
    }

    /// Whether this answer is to be dropped.
    fn takes(&self, body: &Value) -> bool {
        let mut armed = self.armed();
        let Some(at) = armed.iter().position(|call| call.id.is_some() && call.id.as_ref() == body.get("id")) else {
            return false;
        };
        // Whoever waited may have given up.
        let _ = armed.swap_remove(at).dropped.send(());
        true
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes messages on and keeps a copy of each.
pub(super) struct Recording<T> {
    pub(super) inner: T,
    pub(super) traffic: Traffic,
    pub(super) dropping: Dropping,
}

fn body(message: &impl serde::Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_else(|error| Value::from(error.to_string()))
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Recording<T> {
    type Error = T::Error;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let body = body(&item);
        self.dropping.sent(&body);
        self.traffic.push(Direction::Sent, body);
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let message = self.inner.receive().await?;
            let body = body(&message);
            if !self.dropping.takes(&body) {
                self.traffic.push(Direction::Received, body);
                return Some(message);
            }
            self.traffic.push(Direction::Dropped, body);
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Direction, TRAFFIC_KEPT_BYTES_MAX, Traffic};

    #[test]
    fn of_messages_without_end_the_first_are_kept_and_the_rest_is_told() {
        let traffic = Traffic::default();
        let piece = 16 << 20;
        for _ in 0..=TRAFFIC_KEPT_BYTES_MAX / piece {
            traffic.push(Direction::Received, json!({ "method": "note", "params": "x".repeat(piece) }));
        }
        let all = traffic.since(0);
        assert_eq!(all[0].body["params"].as_str().map(str::len), Some(piece));
        let last = all.last().expect("a message");
        assert_eq!(last.body["method"], "note");
        assert!(last.body["not kept"].as_str().is_some_and(|text| text.contains("passed 256 MiB")), "{}", last.body);
    }
}
