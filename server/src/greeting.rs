//! What each client is told once: which tables it finds that an earlier session has kept. It stands in the instructions,
//! which some clients do not show, and beside the first answer, which all do. It is a text of its own there: the answer
//! itself is what the tool's output schema says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use crate::call::Call;
use crate::error::Error;
use crate::limits;
use crate::session::Session;

/// What one client is told, and whether it was.
#[derive(Clone, Default)]
pub(crate) struct Greeting {
    text: Arc<OnceCell<Option<String>>>,
    told: Arc<AtomicBool>,
}

impl Greeting {
    /// What was kept when the client came, for its instructions. It is looked for when it is first asked for.
    pub(crate) async fn text(&self, session: &Session) -> Option<&str> {
        self.found(session, limits::HOLDING_DEADLINE_MS).await.unwrap_or_default()
    }

    /// Looks once more before the first call is done, where it was not found out for the instructions.
    pub(crate) async fn prepare(&self, session: &Session) {
        if self.found(session, limits::HOLDING_AGAIN_DEADLINE_MS).await.is_err() {
            self.told.store(true, Ordering::Relaxed);
        }
    }

    /// What was found before the first call, the first time.
    pub(crate) fn once(&self) -> Option<&str> {
        if self.told.swap(true, Ordering::Relaxed) { None } else { self.text.get()?.as_deref() }
    }

    async fn found(&self, session: &Session, deadline_ms: u64) -> Result<Option<&str>, Error> {
        if self.told.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let look = async || {
            let holding = session.holding(&Call::housekeeping(), deadline_ms).await?;
            Ok(holding.map(|holding| holding.sentence()))
        };
        self.text.get_or_try_init(look).await.map(Option::as_deref)
    }
}
