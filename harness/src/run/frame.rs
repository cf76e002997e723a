//! The stage of one case while it runs: directory, server, clients, names.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::{Engines, Failure, Journal, Promises, Stage};
use crate::scenario::Step;
use crate::source::{Diagnostic, Span};
use crate::syntax::Node;
use crate::target::{Client, Launch, Log, Protocol, Running, Target};
use crate::vars::Vars;

/// Directory, server and clients of one case.
pub struct Scene {
    /// The case's own directory.
    pub dir: PathBuf,
    /// The server's log.
    pub log: Log,
    /// What the steps did.
    pub journal: Rc<Journal>,
    /// What the server promises of its answers.
    pub promises: Arc<Promises>,
    /// The hyperds of the run, one of which reads files.
    pub engines: Engines,
    target: Arc<dyn Target>,
    launch: Launch,
    protocol: Protocol,
    server: RefCell<Option<Rc<dyn Running>>>,
    clients: RefCell<BTreeMap<String, Rc<Client>>>,
    /// The process id of the hyperd that a step stopped.
    pub stopped_engine: Cell<Option<u32>>,
    acted: Cell<Instant>,
}

impl Scene {
    /// Starts the server of a case.
    ///
    /// # Errors
    ///
    /// The server's own words on why it did not start.
    pub async fn open(dir: PathBuf, journal: Rc<Journal>, stage: &Stage, launch: Launch) -> Result<Self, String> {
        let (target, promises) = (Arc::clone(&stage.target), Arc::clone(&stage.promises));
        let server = target.launch(launch.clone()).await?;
        let server = RefCell::new(Some(server));
        let (log, protocol) = (launch.log.clone(), stage.protocol.clone());
        Ok(Self {
            dir,
            log,
            journal,
            promises,
            engines: stage.engines.clone(),
            target,
            launch,
            protocol,
            server,
            clients: RefCell::default(),
            stopped_engine: Cell::default(),
            acted: Cell::new(Instant::now()),
        })
    }

    /// The client of that name, connected when it is first named.
    ///
    /// # Errors
    ///
    /// Why the handshake failed.
    pub async fn client(&self, name: &str) -> Result<Rc<Client>, String> {
        if let Some(client) = self.clients.borrow().get(name) {
            return Ok(Rc::clone(client));
        }
        let server = self.server.borrow().clone().ok_or("the server is not running")?;
        let client = Rc::new(server.connect(&self.protocol).await?);
        self.journal.met(client.server_version());
        self.clients.borrow_mut().insert(name.to_owned(), Rc::clone(&client));
        Ok(client)
    }

    /// The client of that name, if it has connected.
    pub fn known_client(&self, name: &str) -> Option<Rc<Client>> {
        self.clients.borrow().get(name).cloned()
    }

    /// When the last step began that did more than look.
    pub fn acted(&self) -> Instant {
        self.acted.get()
    }

    /// Notes that such a step begins now.
    pub(super) fn acts(&self) {
        self.acted.set(Instant::now());
    }

    /// Ends one client's connection; naming it again connects anew.
    pub async fn disconnect(&self, name: &str) {
        let client = self.clients.borrow_mut().remove(name);
        if let Some(client) = client.and_then(Rc::into_inner) {
            client.close().await;
        }
    }

    /// Ends all connections and the server.
    pub async fn close(&self) {
        let names: Vec<String> = self.clients.borrow().keys().cloned().collect();
        for name in names {
            self.disconnect(&name).await;
        }
        let server = self.server.borrow_mut().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }

    /// A new server on the same databases.
    ///
    /// # Errors
    ///
    /// The server's own words on why it did not start.
    pub async fn restart(&self) -> Result<(), String> {
        self.close().await;
        let server = self.target.launch(self.launch.clone()).await?;
        *self.server.borrow_mut() = Some(server);
        Ok(())
    }
}

/// The names that one list of steps sees, on a scene.
pub struct Frame<'a> {
    /// Directory, server and clients.
    pub scene: &'a Scene,
    /// What names stand for.
    pub vars: Rc<RefCell<Vars>>,
    /// The number of the step that these steps are inside of.
    parent: Option<usize>,
}

impl<'a> Frame<'a> {
    /// The frame of a case's own steps.
    pub fn new(scene: &'a Scene, vars: Vars) -> Self {
        Self { scene, vars: Rc::new(RefCell::new(vars)), parent: None }
    }

    /// The same names, for what is done inside the step of that number.
    #[must_use]
    pub fn inside(&self, number: usize) -> Self {
        Self { scene: self.scene, vars: Rc::clone(&self.vars), parent: Some(number) }
    }

    /// The same place, with other names.
    #[must_use]
    pub fn with_vars(&self, vars: Vars) -> Self {
        Self { scene: self.scene, vars: Rc::new(RefCell::new(vars)), parent: self.parent }
    }

    /// The number of the step that these steps are inside of, if there is one.
    pub fn parent(&self) -> Option<usize> {
        self.parent
    }

    /// The client that does the step.
    ///
    /// # Errors
    ///
    /// Why it could not connect.
    pub async fn client(&self, step: &Step) -> Result<Rc<Client>, Failure> {
        let client = self.scene.client(&step.client).await;
        client.map_err(|reason| Failure::could_not_run(&step.span, "the client could not connect", reason))
    }

    /// The node with its variables replaced.
    ///
    /// # Errors
    ///
    /// A name that has no value yet.
    pub fn resolve(&self, node: &Node) -> Result<Node, Diagnostic> {
        self.vars.borrow().resolve(node)
    }

    /// The text that `node` stands for.
    ///
    /// # Errors
    ///
    /// A name that has no value yet, or no text.
    pub fn text(&self, node: &Node) -> Result<String, Diagnostic> {
        self.vars.borrow().text(node)
    }

    /// A path below the case's own directory.
    ///
    /// # Errors
    ///
    /// A path that leads out of it.
    pub fn path(&self, node: &Node) -> Result<PathBuf, Failure> {
        let text = self.text(node)?;
        let inside = Path::new(&text).strip_prefix(&self.scene.dir).unwrap_or(Path::new(&text));
        let steps_out = inside.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        if steps_out || inside.as_os_str().is_empty() {
            return Err(Failure::new(
                &node.span,
                format!("`{text}` is not below the scenario's own directory"),
                "this path",
            )
            .help("name a file relative to `$(dir)`"));
        }
        Ok(self.scene.dir.join(inside))
    }
}

/// Turns an I/O error of an action into a failure of the stage.
pub(crate) fn io_failure(span: &Span, what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not_run(span, format!("failed to {what} {}", path.display()), error.to_string())
}
