//! What can be wrong with a server, and how it comes to be wrong: a fault works on calls of tools, and the rest is ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_conform::target::{Behind, Tamper, Tampered};
use serde_json::{Value, json};

/// Where a server goes wrong.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// In what it understands of a call.
    Asked(fn(&mut Call)),
    /// In what it says of a call.
    Answered(fn(&Call, &mut Answer)),
    /// In what it does on a call.
    Instead(Deed),
    /// In how it describes each of its tools.
    Listed(fn(&mut Value)),
    /// In what it tells without being asked.
    Told(fn(Value) -> Vec<Value>),
    /// In what it hears of a client's notifications.
    Heard(fn(Value) -> Vec<Value>),
    /// In what form it refuses: with structured content, which is promised to successes.
    RefusesInData,
    /// Nowhere.
    Nothing,
}

/// Does a call in another way.
pub(super) type Deed = for<'a> fn(Call, &'a Memory, &'a Behind) -> BoxFuture<'a, Answer>;

/// What a broken server keeps in mind.
#[derive(Default)]
pub(super) struct Memory {
    kept: Mutex<HashMap<String, Value>>,
    /// For servers that do one thing at a time.
    pub(super) turn: futures::lock::Mutex<()>,
}

impl Memory {
    /// Keeps a value, and gives what was kept under that name before.
    pub(super) fn keep(&self, name: &str, value: Value) -> Option<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value)
    }

    /// What is kept under that name.
    pub(super) fn kept(&self, name: &str) -> Option<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// One call of a tool.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: Value,
    request: Value,
}

impl Call {
    fn read(request: &Value) -> Option<Self> {
        let params = request.get("params").filter(|_| request["method"] == "tools/call")?;
        let arguments = params.get("arguments").cloned().unwrap_or_else(|| json!({}));
        Some(Self { tool: params["name"].as_str()?.to_owned(), arguments, request: request.clone() })
    }

    /// The same call once more, as the server's own.
    pub(super) fn anew(&self) -> Self {
        let mut call = self.clone();
        call.request.as_object_mut().map(|request| request.shift_remove("id"));
        call
    }

    /// Takes an argument away.
    pub(super) fn forget(&mut self, argument: &str) -> Option<Value> {
        self.arguments.as_object_mut()?.shift_remove(argument)
    }

    /// Whether the tool is one of these.
    pub(super) fn is(&self, tools: &[&str]) -> bool {
        tools.contains(&self.tool.as_str())
    }

    /// A text among the arguments, or the empty text.
    pub(super) fn text(&self, argument: &str) -> &str {
        self.arguments[argument].as_str().unwrap_or_default()
    }

    /// Has the server do it.
    pub(super) async fn send(&self, server: &Behind) -> Answer {
        let mut request = self.request.clone();
        request["params"]["name"] = json!(self.tool);
        request["params"]["arguments"] = self.arguments.clone();
        Answer::of_server(server.ask(request).await)
    }

    /// Has the server do it after `change`, and answers as if it had been done as it was asked.
    pub(super) async fn send_in_secret(self, server: &Behind, change: fn(&mut Self)) -> Answer {
        let mut changed = self.clone();
        change(&mut changed);
        let mut answer = changed.send(server).await;
        let asked = match (self.text("database"), self.arguments["persist"] == true) {
            ("", true) => "persistent",
            ("", false) => self.text("target_database"),
            (database, _) => database,
        };
        for member in ["resolved_database", "target_database"] {
            if let Some(told) = answer.value().get_mut(member).filter(|_| !asked.is_empty()) {
                *told = json!(asked.to_lowercase());
            }
        }
        answer
    }

    /// Has the server do something else, with these arguments in place of the same ones.
    pub(super) async fn also(&self, server: &Behind, tool: &str, arguments: Value) -> Answer {
        let mut merged = json!({});
        for name in ["database", "persist"] {
            if let Some(value) = self.arguments.get(name) {
                merged[name] = value.clone();
            }
        }
        if tool == "execute" || tool == "query" {
            if merged["persist"] == true && merged["database"].is_null() {
                merged["database"] = json!("persistent");
            }
            if let Some(map) = merged.as_object_mut() {
                map.retain(|name, value| name == "database" && !value.is_null());
            }
        }
        for (name, value) in arguments.as_object().into_iter().flatten() {
            merged[name] = value.clone();
        }
        Answer::of_server(server.call(tool, merged).await)
    }
}

/// A JSON-RPC answer to a call.
#[derive(Clone)]
pub(super) struct Answer(pub(super) Value);

impl Answer {
    /// What the server said. A fault works on the structured content of errors as well, which [`Self::told`] takes away.
    pub(super) fn of_server(mut message: Value) -> Self {
        let result = &mut message["result"];
        if result["isError"] == true
            && let Some(value) = result["content"][0]["text"].as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            let value: Value = value;
            result["structuredContent"] = value;
        }
        Self(message)
    }

    /// The message as it is told: an error has no structured content.
    fn told(self) -> Value {
        let Self(mut message) = self;
        if message["result"]["isError"] == true {
            message["result"].as_object_mut().map(|result| result.remove("structuredContent"));
        }
        message
    }

    /// A success of the broken server's own making.
    pub(super) fn of(value: &Value) -> Self {
        let content = json!([{ "type": "text", "text": value.to_string() }]);
        Self(json!({ "result": { "content": content, "structuredContent": value, "isError": false } }))
    }

    /// An error of the broken server's own making.
    pub(super) fn refusal(code: &str, message: &str) -> Self {
        let mut answer =
            Self::of(&json!({ "error": { "code": code, "message": message, "suggestion": "See the manual." } }));
        answer.0["result"]["isError"] = json!(true);
        answer
    }

    /// Whether the tool failed.
    pub(super) fn is_error(&self) -> bool {
        self.0["result"]["isError"] == true
    }

    /// The structured content.
    pub(super) fn value(&mut self) -> &mut Value {
        &mut self.0["result"]["structuredContent"]
    }

    /// The error's code, empty in a success.
    pub(super) fn code(&self) -> &str {
        self.0["result"]["structuredContent"]["error"]["code"].as_str().unwrap_or_default()
    }

    /// The error's message, empty in a success.
    pub(super) fn message(&self) -> &str {
        self.0["result"]["structuredContent"]["error"]["message"].as_str().unwrap_or_default()
    }

    /// Takes a member of the structured content away.
    pub(super) fn forget(&mut self, member: &str) {
        if let Some(map) = self.value().as_object_mut() {
            map.shift_remove(member);
        }
    }

    /// The rows of a query, none for other answers.
    pub(super) fn rows(&mut self) -> &mut [Value] {
        self.value()["result"].as_array_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    /// Each cell of the rows of a query.
    pub(super) fn cells(&mut self) -> impl Iterator<Item = &mut Value> {
        self.rows().iter_mut().filter_map(Value::as_object_mut).flat_map(|row| row.iter_mut().map(|(_, cell)| cell))
    }

    /// The text follows what was changed in the structured content: a broken server still is one server.
    fn told_twice(self, before: &Self) -> Self {
        let Self(mut message) = self;
        let (old, new) = (&before.0["result"], &message["result"]);
        let changed = old["structuredContent"] != new["structuredContent"] && old["content"] == new["content"];
        if changed && new["content"].is_array() && !new["structuredContent"].is_null() {
            let text = message["result"]["structuredContent"].to_string();
            message["result"]["content"] = json!([{ "type": "text", "text": text }]);
        }
        Self(message)
    }
}

/// A server with a fault.
struct Faulty {
    fault: Fault,
    memory: Memory,
}

impl Fault {
    /// The target of servers with this fault.
    pub(super) fn target(self) -> Tampered {
        Tampered::before_ours("hyperd-mcp", move || Arc::new(Faulty { fault: self, memory: Memory::default() }))
    }
}

impl Tamper for Faulty {
    fn answer<'a>(&'a self, request: Value, server: &'a Behind) -> BoxFuture<'a, Value> {
        async move {
            let Some(mut call) = Call::read(&request) else {
                let listing = request["method"] == "tools/list";
                let mut answer = server.ask(request).await;
                if let (Fault::Listed(change), true) = (self.fault, listing) {
                    answer["result"]["tools"].as_array_mut().into_iter().flatten().for_each(change);
                }
                return answer;
            };
            let answer = match self.fault {
                Fault::Asked(change) => {
                    change(&mut call);
                    call.send(server).await
                }
                Fault::Answered(change) => {
                    let before = call.send(server).await;
                    let mut answer = before.clone();
                    if answer.0.get("result").is_some() {
                        change(&call, &mut answer);
                    }
                    answer.told_twice(&before)
                }
                Fault::Instead(deed) => deed(call, &self.memory, server).await,
                _ => call.send(server).await,
            };
            if matches!(self.fault, Fault::RefusesInData) { answer.0 } else { answer.told() }
        }
        .boxed()
    }

    fn to_server(&self, notification: Value) -> Vec<Value> {
        match self.fault {
            Fault::Heard(change) => change(notification),
            _ => vec![notification],
        }
    }

    fn to_client(&self, message: Value) -> Vec<Value> {
        match self.fault {
            Fault::Told(change) => change(message),
            _ => vec![message],
        }
    }
}
