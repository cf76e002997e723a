//! A transport that keeps every message that passes, so that a failure can show what was really said.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The client, to the server.
    Sent,
    /// The server, to the client.
    Received,
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

/// All messages between one client and its server, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<Vec<Message>>>);

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

    fn push(&self, direction: Direction, message: &impl serde::Serialize) {
        let body = serde_json::to_value(message).unwrap_or_else(|error| Value::from(error.to_string()));
        self.messages().push(Message { direction, at: Instant::now(), body: Arc::new(body) });
    }

    fn messages(&self) -> std::sync::MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes messages on and keeps a copy of each.
pub(super) struct Recording<T> {
    pub(super) inner: T,
    pub(super) traffic: Traffic,
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
        self.traffic.push(Direction::Sent, &item);
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let message = self.inner.receive().await?;
        self.traffic.push(Direction::Received, &message);
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
