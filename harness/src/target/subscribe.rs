//! Subscriptions: a request each up to protocol 2025-11-25, a `subscriptions/listen` that stays open from 2026-07-28 on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rmcp::model::{ClientRequest, ErrorCode, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams};
use rmcp::service::Subscription;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::Client;
use super::client::{Reply, failed};

/// What listens, by the resource that it listens to; the lists are under the empty name.
#[derive(Debug, Default)]
pub(super) struct Listening(Mutex<BTreeMap<String, AbortHandle>>);

const LISTS: &str = "";

impl Listening {
    /// Reads what comes until it ends: what is said of it is in the traffic, and what nobody reads would stop the stream.
    fn keep(&self, name: &str, mut subscription: Subscription) {
        let task = tokio::spawn(async move { while let Ok(Some(_)) = subscription.next().await {} });
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = tasks.insert(name.to_owned(), task.abort_handle()) {
            old.abort();
        }
    }

    /// Ends what listens under that name, which cancels its request.
    fn end(&self, name: &str) -> bool {
        let task = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        task.inspect(AbortHandle::abort).is_some()
    }
}

impl Client {
    /// Subscribes to a resource.
    pub async fn subscribe(&self, uri: &str) -> Reply {
        if self.has_handshake() {
            #[expect(deprecated, reason = "the protocol had it up to 2025-11-25, and servers of that time are tested")]
            let request = rmcp::model::SubscribeRequest::new(SubscribeRequestParams::new(uri));
            return self.request(ClientRequest::SubscribeRequest(request)).await;
        }
        let filter = SubscriptionFilter::builder().resource_subscription(uri).build();
        match self.running.listen(filter).await {
            Ok(subscription) => {
                let accepted = subscription.acknowledged().resource_subscriptions.clone().unwrap_or_default();
                if !accepted.iter().any(|accepted| accepted == uri) {
                    let message = format!("the server acknowledged no subscription to {uri}");
                    return Reply::Error { code: ErrorCode::INVALID_PARAMS.0, message };
                }
                let answer = json!(subscription.acknowledged());
                self.listening.keep(uri, subscription);
                Reply::Result(answer)
            }
            Err(error) => failed(error),
        }
    }

    /// Ends a subscription.
    pub async fn unsubscribe(&self, uri: &str) -> Reply {
        if self.has_handshake() {
            #[expect(deprecated, reason = "the protocol had it up to 2025-11-25, and servers of that time are tested")]
            let request = rmcp::model::UnsubscribeRequest::new(UnsubscribeRequestParams::new(uri));
            return self.request(ClientRequest::UnsubscribeRequest(request)).await;
        }
        if self.listening.end(uri) {
            return Reply::Result(Value::Object(serde_json::Map::new()));
        }
        Reply::Error { code: ErrorCode::INVALID_PARAMS.0, message: format!("there is no subscription to {uri}") }
    }

    /// Without a handshake a server tells of changed lists only those who listen, so a client of the suite always does.
    pub(super) async fn listen_for_lists(&self) {
        let Some(info) = self.running.peer_info().filter(|_| !self.has_handshake()) else { return };
        let every = SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().resources_list_changed();
        let offered = every.build().supported_by(&info.capabilities);
        if offered == SubscriptionFilter::default() {
            return;
        }
        // A server that offers them and refuses to be listened to is found out by the step that waits for one.
        if let Ok(subscription) = self.running.listen(offered).await {
            self.listening.keep(LISTS, subscription);
        }
    }

    fn has_handshake(&self) -> bool {
        self.running.peer_info().is_none_or(|info| info.protocol_version.has_initialize())
    }
}
