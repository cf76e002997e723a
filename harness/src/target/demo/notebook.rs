//! The notes, and who wants to hear of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rmcp::RoleServer;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, SubscriptionSink};

/// What all clients of one demo server share.
#[derive(Debug, Default)]
pub(super) struct Notebook {
    notes: Mutex<BTreeMap<String, Note>>,
    connections: Mutex<Vec<Weak<Connection>>>,
    sinks: Mutex<Vec<SubscriptionSink>>,
}

/// One note.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) text: String,
    /// How often it was written.
    pub(super) revision: u64,
}

/// One client that shook hands, and the resources that it subscribed to.
#[derive(Debug, Default)]
pub(super) struct Connection {
    peer: Mutex<Option<Peer<RoleServer>>>,
    uris: Mutex<BTreeSet<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    pub(super) fn subscribe(&self, uri: String) {
        locked(&self.uris).insert(uri);
    }

    pub(super) fn unsubscribe(&self, uri: &str) -> bool {
        locked(&self.uris).remove(uri)
    }
}

impl Notebook {
    pub(super) fn get(&self, name: &str) -> Option<Note> {
        locked(&self.notes).get(name).cloned()
    }

    pub(super) fn names(&self) -> Vec<String> {
        locked(&self.notes).keys().cloned().collect()
    }

    /// Writes a note, and tells of it.
    pub(super) async fn put(&self, name: &str, text: &str) -> u64 {
        let revision = {
            let mut notes = locked(&self.notes);
            let note = notes.entry(name.to_owned()).or_default();
            text.clone_into(&mut note.text);
            note.revision += 1;
            note.revision
        };
        self.tell(&uri_of(name), revision == 1).await;
        revision
    }

    /// Tells this client of changes from now on.
    pub(super) fn connected(&self, connection: &Arc<Connection>, peer: Peer<RoleServer>) {
        *locked(&connection.peer) = Some(peer);
        locked(&self.connections).push(Arc::downgrade(connection));
    }

    /// Tells this subscription of changes until it ends.
    pub(super) fn listens(&self, sink: SubscriptionSink) {
        locked(&self.sinks).push(sink);
    }

    /// Whoever is gone hears nothing, and that is no concern of the one who wrote.
    async fn tell(&self, uri: &str, new: bool) {
        let connections: Vec<Arc<Connection>> = locked(&self.connections).iter().filter_map(Weak::upgrade).collect();
        for connection in connections {
            let Some(peer) = locked(&connection.peer).clone() else { continue };
            let subscribed = locked(&connection.uris).contains(uri);
            if new {
                let _ = peer.notify_resource_list_changed().await;
            }
            if subscribed {
                let _ = peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await;
            }
        }
        let sinks = locked(&self.sinks).clone();
        for sink in sinks {
            if new {
                let _ = sink.notify_resource_list_changed().await;
            }
            let _ = sink.notify_resource_updated(uri).await;
        }
    }
}

/// The resource that a note is.
pub(super) fn uri_of(name: &str) -> String {
    format!("note://{name}")
}
