//! What each client is told once: which tables it finds that an earlier session has kept. It stands in the instructions,
//! which some clients do not show, and beside the first answer, which all do. It is a text of its own there: the answer
//! itself is what the tool's output schema says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use crate::call::Call;
use crate::session::Session;

/// What one client is told, and whether it was.
#[derive(Clone, Default)]
pub(crate) struct Greeting {
    text: Arc<OnceCell<Option<String>>>,
    told: Arc<AtomicBool>,
}

impl Greeting {
    /// What was kept when the client came. It is looked for when it is first asked for.
    pub(crate) async fn text(&self, session: &Session) -> Option<&str> {
        let look = async || Some(session.holding(&Call::housekeeping()).await?.sentence());
        self.text.get_or_init(look).await.as_deref()
    }

    /// The same, the first time.
    pub(crate) async fn once(&self, session: &Session) -> Option<&str> {
        if self.told.swap(true, Ordering::Relaxed) { None } else { self.text(session).await }
    }
}
