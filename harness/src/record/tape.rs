//! What was said in a session, and what lay on disk meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use serde_json::Value;

use super::exchange::{Answered, Content, Deed, Exchange};
use super::files::Files;
use super::listing;
use super::places;

/// A session that says more than so many bytes is recorded up to there.
const SESSION_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How much of a line that is no message is shown.
const LINE_CHARS_MAX: usize = 200;

/// What servers say in notifications because of a request. Progress and log lines come as they like.
const TOLD_OF: [&str; 4] = [
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
];

/// A session as it is recorded.
#[derive(Debug)]
pub struct Tape {
    pub(super) exchanges: Vec<Exchange>,
    pub(super) files: Files,
    /// When the session began.
    pub(super) began: SystemTime,
    /// The name by which the client made itself known.
    pub(super) client: Option<String>,
    /// Every request and every file as it was sent: what is said there is nothing that the server made up.
    pub(super) given: String,
    /// Paths in answers that are on this machine and that no request names.
    pub(super) foreign: BTreeSet<String>,
    /// What cannot be told in steps, each once.
    pub(super) remarks: Vec<String>,
    waiting: HashMap<String, (usize, Instant)>,
    bytes: usize,
}

impl Tape {
    /// An empty tape. Files below `spared` are not taken.
    ///
    /// # Errors
    ///
    /// Why there is no folder for copies of files.
    pub fn new(spared: Vec<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            exchanges: Vec::new(),
            files: Files::new(spared)?,
            began: SystemTime::now(),
            client: None,
            given: String::new(),
            foreign: BTreeSet::new(),
            remarks: Vec::new(),
            waiting: HashMap::new(),
            bytes: 0,
        })
    }

    /// Whether requests wait for an answer.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hears a line of the client, before the server does.
    pub fn sent(&mut self, line: &[u8]) {
        self.line(line, "client", Self::request);
    }

    /// Hears a line of the server, before the client does.
    pub fn heard(&mut self, line: &[u8]) {
        self.line(line, "server", Self::answer);
    }

    fn line(&mut self, line: &[u8], who: &str, hear: impl Fn(&mut Self, &Value)) {
        if line.trim_ascii().is_empty() {
            return;
        }
        if self.bytes.saturating_add(line.len()) > SESSION_BYTES_MAX {
            self.bytes = SESSION_BYTES_MAX;
            self.remark(format!("The session went on after {SESSION_BYTES_MAX} bytes; the recording ends there."));
            return;
        }
        self.bytes += line.len();
        match serde_json::from_slice::<Value>(line) {
            Ok(Value::Array(batch)) => batch.iter().for_each(|message| hear(self, message)),
            Ok(message) if message.is_object() => hear(self, &message),
            _ => {
                let shown: String = String::from_utf8_lossy(line).trim_end().chars().take(LINE_CHARS_MAX).collect();
                tell(&format!("the {who} sent a line that is no JSON-RPC message; it is passed on: {shown}"));
            }
        }
    }

    fn request(&mut self, message: &Value) {
        let Some(method) = message["method"].as_str() else { return };
        if method == "notifications/cancelled" {
            if let Some((index, since)) = self.waiting.remove(&message["params"]["requestId"].to_string()) {
                self.exchanges[index].cancelled = Some(since.elapsed());
            }
            return;
        }
        let Some(id) = message.get("id") else { return };
        let params = &message["params"];
        if let Some(name) = client_of(message) {
            self.client = Some(name.to_owned());
        }
        let named = match method {
            "tools/call" => places::named(&params["arguments"]),
            "resources/read" => places::named(&params["uri"]),
            _ => Vec::new(),
        };
        if method == "tools/call" && params["name"].as_str().is_some_and(|name| name.starts_with("watch")) {
            self.remark("What somebody puts into a watched folder during the session is not in this file.".to_owned());
        }
        let before = self.files.before(&named);
        before.told.iter().for_each(|line| tell(line));
        if method == "tools/call" {
            self.given.push_str(&params["arguments"].to_string());
        }
        for deed in &before.deeds {
            if let Deed::Write(_, Content::Text(text)) = deed {
                self.given.push_str(text);
            }
        }
        self.waiting.insert(id.to_string(), (self.exchanges.len(), Instant::now()));
        self.exchanges.push(Exchange {
            method: method.to_owned(),
            params: params.clone(),
            deeds: before.deeds,
            paths: before.paths,
            answer: None,
            took: std::time::Duration::ZERO,
            cancelled: None,
            notified: Vec::new(),
        });
    }

    fn answer(&mut self, message: &Value) {
        if let Some(method) = message["method"].as_str() {
            if message.get("id").is_some() && method != "ping" {
                self.remark(format!(
                    "The server asked its client for `{method}`, which a scenario's client does not answer."
                ));
            }
            self.notified(method, &message["params"]);
            return;
        }
        let Some((index, since)) = self.waiting.remove(&message["id"].to_string()) else { return };
        let exchange = &mut self.exchanges[index];
        exchange.took = since.elapsed();
        exchange.answer = Some(match message.get("error") {
            Some(error) => Answered::Error {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            },
            None => Answered::Result(message["result"].clone()),
        });
        self.files.after(&exchange.paths);
        collect_paths(&message["result"], &mut self.foreign);
    }

    /// A notification belongs to the last request where that alone can have caused it.
    fn notified(&mut self, method: &str, params: &Value) {
        let alone = self.waiting.len() <= 1;
        let last = self.exchanges.last_mut().filter(|last| alone && !listing::is_overhead(&last.method));
        if let Some(last) = last.filter(|_| TOLD_OF.contains(&method)) {
            let told = (method.to_owned(), params.clone());
            if !last.notified.contains(&told) {
                last.notified.push(told);
            }
        }
    }

    /// Takes note of what cannot be told in steps.
    pub(super) fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            tell(&remark);
            self.remarks.push(remark);
        }
    }
}

/// The client's name: in the handshake, or, where there is none, beside each request.
fn client_of(message: &Value) -> Option<&str> {
    let named = &message["params"]["clientInfo"]["name"];
    named.as_str().or_else(|| message["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]["name"].as_str())
}

fn collect_paths(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with('/') && text.len() > 1 && Path::new(text).exists() => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_paths(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect_paths(member, found)),
        _ => {}
    }
}

/// Says something to the person, on standard error: standard output belongs to the protocol.
pub(super) fn tell(text: &str) {
    eprintln!("hyper-conform record: {text}");
}
