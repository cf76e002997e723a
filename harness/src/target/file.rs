//! `scenarios/targets/<name>.toml`: how a server under test is started.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::demands::Demands;
use super::placeholders::{self, Place};
use crate::bounds::{BOUNDS, Bound};
use crate::decode::{Decoder, Fields};
use crate::source::{Diagnostic, Source, Span};
use crate::syntax::{Entry, Node, read_toml};

/// How long a server may take to start and shake hands, where its file does not say.
const START_TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);

/// How long a server may take to end, where its file does not say.
pub(super) const STOP_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// A target as its file describes it.
#[derive(Debug)]
pub struct TargetFile {
    /// The file's name without its ending.
    pub name: String,
    /// What `--target` said to mean it.
    pub named: String,
    /// The file.
    pub path: PathBuf,
    /// How its server is reached.
    pub kind: Kind,
    /// Where its hyperd comes from.
    pub engine: EngineUse,
    /// What scenarios' server options turn into.
    pub options: Options,
    /// Whether the scenarios say what this server does.
    pub reference: bool,
}

/// How a server is reached.
#[derive(Debug)]
pub enum Kind {
    /// Our own server in this process.
    Duplex,
    /// A process that speaks on its standard input and output.
    Command {
        /// The process.
        program: Program,
        /// What a second client means.
        clients: Clients,
    },
    /// A streamable-HTTP address.
    Http {
        /// The address.
        address: Node,
        /// Whom the client trusts there, and what it says of itself.
        access: Access,
        /// The process that answers there; `None` where a server runs already.
        program: Option<Program>,
        /// How long the handshake may take.
        start_timeout: Duration,
    },
}

/// A server's process.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its executable.
    pub program: Node,
    /// Its arguments.
    pub args: Vec<Node>,
    /// What its environment has besides ours.
    pub env: Vec<Entry>,
    /// What to do where there is no such executable.
    pub install: Option<String>,
    /// How long the start with the handshake may take.
    pub start_timeout: Duration,
    /// How long the end may take before it is forced.
    pub stop_timeout: Duration,
}

/// What a second client of a process on standard input and output means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// There is none: a scenario that has one is not applicable.
    One,
    /// A process of its own, on the same databases.
    Process,
}

/// Where a server's hyperd comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineUse {
    /// The server needs none.
    None,
    /// The server starts one itself.
    Own,
    /// The server is told where one listens.
    Endpoint,
}

/// What scenarios' server options turn into; `None` where the server has no such option.
#[derive(Debug, Default)]
pub struct Options {
    /// A persistent database in `$(persistent)`.
    pub persistent: Option<Extra>,
    /// No persistent database.
    pub ephemeral_only: Option<Extra>,
    /// Refusing every write.
    pub read_only: Option<Extra>,
    /// The bounds that it knows.
    pub bounds: Vec<(&'static Bound, Extra)>,
}

/// What one option adds to a command.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// Arguments.
    pub args: Vec<Node>,
    /// Variables of the environment.
    pub env: Vec<Entry>,
}

impl TargetFile {
    /// Reads the target's file at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn load(path: &Path, shown: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = |text| Arc::new(Source { shown: shown.to_owned(), path: path.to_owned(), text });
        let text = std::fs::read_to_string(path).map_err(|error| {
            let span = Span::new(&source(String::new()), 0, 0);
            vec![Diagnostic::new(&span, "failed to read the target's file", error.to_string())]
        })?;
        Self::parse(&source(text))
    }

    /// Reads a target's file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it, at once.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Vec<Diagnostic>> {
        let mut decoder = Decoder::default();
        let mut problems = Vec::new();
        let file = read_toml(source, &mut problems).and_then(|node| Self::decode(&node, source, &mut decoder));
        decoder.report_all(problems);
        match (file, decoder.finish()) {
            (Some(file), problems) if problems.is_empty() => Ok(file),
            (_, problems) => Err(problems),
        }
    }

    fn decode(node: &Node, source: &Source, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a target's file")?;
        fields.take("about").map(|node| decoder.name(node, "`about`"));
        let kind = fields.require("kind", decoder);
        let kind = kind.and_then(|node| choice(node, "`kind`", &["duplex", "command", "http"], decoder));
        let name = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = |kind, engine, options, reference| Self {
            named: name.clone(),
            name: name.clone(),
            path: source.path.clone(),
            kind,
            engine,
            options,
            reference,
        };
        if kind? == "duplex" {
            fields.finish(decoder);
            return Some(file(Kind::Duplex, EngineUse::Endpoint, Options::all(), true));
        }
        let reference = fields.take("reference").and_then(|node| decoder.bool(node, "`reference`"));
        let engine = match fields.take("engine") {
            Some(node) => match choice(node, "`engine`", &["none", "own", "endpoint"], decoder)? {
                "own" => EngineUse::Own,
                "endpoint" => EngineUse::Endpoint,
                _ => EngineUse::None,
            },
            None => EngineUse::None,
        };
        let place = Place { engine, port: kind? == "http", option: None, env: false };
        let kind =
            if kind? == "http" { http(&mut fields, place, decoder) } else { command(&mut fields, place, decoder) };
        let starts = !matches!(kind, Some(Kind::Http { program: None, .. }));
        let options =
            fields.take("options").map_or_else(Options::default, |node| Options::decode(node, place, starts, decoder));
        fields.finish(decoder);
        Some(file(kind?, engine, options, reference == Some(true)))
    }

    /// Why a case with these demands is not applicable to this target; `None` where it is.
    pub fn cannot(&self, demands: &Demands) -> Option<String> {
        let lacks = |option: &str| format!("the target `{}` has no option `{option}`", self.name);
        let launch = &demands.options;
        let (name, missing) = match (launch.persistent, &self.options) {
            (true, options) => ("persistent", options.persistent.is_none()),
            (false, options) => ("ephemeral_only", options.ephemeral_only.is_none()),
        };
        if missing {
            return Some(lacks(name));
        }
        if launch.read_only && self.options.read_only.is_none() {
            return Some(lacks("read_only"));
        }
        if let Some((bound, _)) = launch.bounds.iter().find(|(bound, _)| self.options.bound(bound).is_none()) {
            return Some(lacks(bound.name));
        }
        match self.kind {
            Kind::Command { clients: Clients::One, .. } if demands.several_clients => Some(format!(
                "a server of the target `{}` has one client, and this scenario connects another to the same server",
                self.name
            )),
            Kind::Http { program: None, .. } if demands.restarts_server => {
                Some(format!("the server of the target `{}` runs already, so it cannot be restarted", self.name))
            }
            _ => None,
        }
    }
}

fn command(fields: &mut Fields<'_>, place: Place, decoder: &mut Decoder) -> Option<Kind> {
    let clients = match fields.take("clients") {
        Some(node) if choice(node, "`clients`", &["one", "process"], decoder)? == "process" => Clients::Process,
        _ => Clients::One,
    };
    let program = fields.require("program", decoder).cloned();
    Some(Kind::Command { program: process(fields, program?, place, decoder), clients })
}

fn http(fields: &mut Fields<'_>, place: Place, decoder: &mut Decoder) -> Option<Kind> {
    let program = fields.take("program").cloned();
    let place = Place { port: program.is_some(), ..place };
    let address = fields.require("address", decoder).and_then(|node| {
        placeholders::check(node, "`address`", place, decoder)?;
        let text = node.as_text().unwrap_or_default();
        if !text.starts_with("http://") && !text.starts_with("https://") {
            decoder.expected(node, "`address`", "an address such as `http://127.0.0.1:8000/mcp`");
            return None;
        }
        Some(node.clone())
    });
    let secure = address.as_ref().and_then(Node::as_text).is_none_or(|text| text.starts_with("https:"));
    let access = Access::decode(fields, place, secure, decoder);
    let Some(program) = program else {
        let start_timeout = duration(fields, "start_timeout", START_TIMEOUT_DEFAULT, decoder);
        return Some(Kind::Http { address: address?, access, program: None, start_timeout });
    };
    let program = process(fields, program, place, decoder);
    Some(Kind::Http { address: address?, access, start_timeout: program.start_timeout, program: Some(program) })
}

fn process(fields: &mut Fields<'_>, program: Node, place: Place, decoder: &mut Decoder) -> Program {
    placeholders::check(&program, "`program`", place, decoder);
    Program {
        args: fields.take("args").map_or_else(Vec::new, |node| args(node, place, decoder)),
        env: fields.take("env").map_or_else(Vec::new, |node| env(node, place, decoder)),
        install: fields.take("install").and_then(|node| decoder.name(node, "`install`")),
        start_timeout: duration(fields, "start_timeout", START_TIMEOUT_DEFAULT, decoder),
        stop_timeout: duration(fields, "stop_timeout", STOP_TIMEOUT_DEFAULT, decoder),
        program,
    }
}

impl Options {
    /// Every option, which is what a server in this process has.
    fn all() -> Self {
        let each = || Some(Extra::default());
        Self {
            persistent: each(),
            ephemeral_only: each(),
            read_only: each(),
            bounds: BOUNDS.iter().map(|bound| (bound, Extra::default())).collect(),
        }
    }

    /// What a bound adds to the command.
    pub(crate) fn bound(&self, bound: &Bound) -> Option<&Extra> {
        self.bounds.iter().find(|(known, _)| *known == bound).map(|(_, extra)| extra)
    }

    /// `starts` says whether there is a command for the options to add to.
    fn decode(node: &Node, place: Place, starts: bool, decoder: &mut Decoder) -> Self {
        let Some(mut fields) = decoder.fields(node, "`options`") else { return Self::default() };
        let mut option = |name| {
            let node = fields.take(name)?;
            Extra::decode(node, Place { option: Some(name), ..place }, starts, decoder)
        };
        let options = Self {
            persistent: option("persistent"),
            ephemeral_only: option("ephemeral_only"),
            read_only: option("read_only"),
            bounds: BOUNDS.iter().filter_map(|bound| Some((bound, option(bound.name)?))).collect(),
        };
        fields.finish(decoder);
        options
    }
}

impl Extra {
    fn decode(node: &Node, place: Place, starts: bool, decoder: &mut Decoder) -> Option<Self> {
        let extra = if node.as_list().is_some() {
            Self { args: args(node, place, decoder), env: Vec::new() }
        } else if node.as_map().is_some() {
            let mut fields = decoder.fields(node, "an option")?;
            let extra = Self {
                args: fields.take("args").map_or_else(Vec::new, |node| args(node, place, decoder)),
                env: fields.take("env").map_or_else(Vec::new, |node| env(node, place, decoder)),
            };
            fields.finish(decoder);
            extra
        } else {
            decoder.expected(node, "an option", "a list of arguments, or `{ args = [...], env = {...} }`");
            return None;
        };
        let adds = !extra.args.is_empty() || !extra.env.is_empty();
        if adds && !starts {
            decoder.report(
                Diagnostic::new(&node.span, "this target starts no server", "so nothing can be added to its command")
                    .help("write `[]` if the server at the address is like this already"),
            );
        }
        Some(extra)
    }
}

fn args(node: &Node, place: Place, decoder: &mut Decoder) -> Vec<Node> {
    let Some(items) = node.as_list() else {
        decoder.expected(node, "`args`", "a list of texts");
        return Vec::new();
    };
    items.iter().filter(|item| placeholders::check(item, "an argument", place, decoder).is_some()).cloned().collect()
}

fn env(node: &Node, place: Place, decoder: &mut Decoder) -> Vec<Entry> {
    let Some(entries) = node.as_map() else {
        decoder.expected(node, "`env`", "a map of variables to texts");
        return Vec::new();
    };
    let fits = |entry: &&Entry| placeholders::check(&entry.value, "a variable", place, decoder).is_some();
    entries.iter().filter(fits).cloned().collect()
}

fn duration(fields: &mut Fields<'_>, name: &'static str, default: Duration, decoder: &mut Decoder) -> Duration {
    fields.take(name).and_then(|node| decoder.duration(node, &format!("`{name}`"))).unwrap_or(default)
}

/// The one of `known` that `node` says.
fn choice<'a>(node: &Node, what: &str, known: &[&'a str], decoder: &mut Decoder) -> Option<&'a str> {
    let text = decoder.text(node, what)?;
    let found = known.iter().find(|name| **name == text).copied();
    if found.is_none() {
        decoder.report(
            Diagnostic::new(&node.span, format!("{what} has no choice `{text}`"), "unknown")
                .help_names(&text, known.iter().copied()),
        );
    }
    found
}
