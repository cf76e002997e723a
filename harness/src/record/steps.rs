//! A request and its answer as a step.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::answer::Writer;
use super::exchange::{Answered, Content, Deed, Exchange};
use super::listing::{self, Listings};
use super::{errors, node, rows};
use crate::run::Answer;
use crate::syntax::Node;
use crate::target::client::Reply;

/// An answer that took longer is given three times as long; a step's own deadline is enough for the others.
const SLOW_AFTER: Duration = Duration::from_secs(10);

/// The keys of a step, its verb first.
type Keys = Vec<(String, Node)>;

fn key(name: &str, node: Node) -> (String, Node) {
    (name.to_owned(), node)
}

/// What became of a request.
pub(super) enum Written {
    /// It is this step.
    Step(Node),
    /// It is no step, and nobody misses it.
    Nothing,
    /// It cannot be a step, for this reason.
    Cannot(String),
}

/// The step that makes this request and expects this answer.
pub(super) fn step(index: usize, exchange: &Exchange, listings: &Listings, writer: &Writer<'_>) -> Written {
    let method = exchange.method.as_str();
    if listing::is_overhead(method) {
        return Written::Nothing;
    }
    if let Some(kind) = listing::name(method) {
        let listed =
            listings.at(index).map(|items| vec![key("list", node::word(kind)), key("expect", named(items, writer))]);
        return listed.map_or(Written::Nothing, |keys| Written::Step(node::map(keys)));
    }
    let Some(mut keys) = verb(exchange, writer) else {
        return Written::Cannot(format!("there is no step for `{method}`"));
    };
    if exchange.answer.is_none() {
        let Some(after) = exchange.cancelled.filter(|_| method == "tools/call") else {
            return Written::Cannot(format!("no answer came to `{}`", title(exchange)));
        };
        keys.push(key("cancel_after", node::text(format!("{}ms", after.as_millis().max(1)))));
        keys.push(key("expect", node::map([("cancelled", node::truth(true))])));
        return Written::Step(node::map(keys));
    }
    if exchange.took > SLOW_AFTER {
        keys.push(key("within", node::text(format!("{}s", exchange.took.as_secs().saturating_mul(3)))));
    }
    keys.extend(checks(exchange, writer));
    Written::Step(node::map(keys))
}

/// The request in few words.
fn title(exchange: &Exchange) -> &str {
    exchange.params["name"].as_str().unwrap_or(&exchange.method)
}

fn verb(exchange: &Exchange, writer: &Writer<'_>) -> Option<Keys> {
    let params = &exchange.params;
    let text = |value: &Value| value.as_str().map(|text| node::text(writer.places.text(text)));
    Some(match exchange.method.as_str() {
        "tools/call" => call(params, writer)?,
        "resources/read" => vec![key("read", text(&params["uri"])?)],
        "resources/subscribe" => vec![key("subscribe", text(&params["uri"])?)],
        "resources/unsubscribe" => vec![key("unsubscribe", text(&params["uri"])?)],
        "prompts/get" => {
            let mut keys = vec![key("prompt", text(&params["name"])?)];
            keys.extend(with(&params["arguments"], writer));
            keys
        }
        "completion/complete" => {
            let (of, name) = match params["ref"]["type"].as_str()? {
                "ref/prompt" => ("prompt", &params["ref"]["name"]),
                _ => ("resource", &params["ref"]["uri"]),
            };
            let argument = &params["argument"];
            let mut parts = vec![key(of, text(name)?), key("argument", text(&argument["name"])?)];
            parts.push(key("value", text(&argument["value"])?));
            parts.extend(with(&params["context"]["arguments"], writer));
            vec![key("complete", node::map(parts))]
        }
        _ => return None,
    })
}

/// A tool with a verb of its own has it, as long as the verb can say all of its arguments.
fn call(params: &Value, writer: &Writer<'_>) -> Option<Keys> {
    let name = params["name"].as_str()?;
    let arguments = &params["arguments"];
    if let Some(keys) = statement(name, arguments, writer) {
        return Some(keys);
    }
    let mut keys = vec![key("call", node::text(writer.places.text(name)))];
    keys.extend(with(arguments, writer));
    Some(keys)
}

fn statement(name: &str, arguments: &Value, writer: &Writer<'_>) -> Option<Keys> {
    let arguments = arguments.as_object()?;
    let sql = arguments.get("sql")?;
    let node = |sql: &Value| {
        let text = sql.as_str().filter(|text| !text.trim().is_empty())?;
        Some(node::sql(&writer.places.text(text)))
    };
    let sql = match (name, sql) {
        ("query" | "execute", Value::String(_)) => node(sql)?,
        ("execute", Value::Array(items)) => match items.as_slice() {
            [] => return None,
            [one] => node(one)?,
            several => node::list(several.iter().map(node).collect::<Option<_>>()?),
        },
        _ => return None,
    };
    let mut keys = vec![key(name, sql)];
    for (name, value) in arguments.iter().filter(|(name, _)| *name != "sql") {
        let database = value.as_str().filter(|_| name == "database")?;
        keys.push(key("database", node::text(writer.places.text(database))));
    }
    Some(keys)
}

fn with(arguments: &Value, writer: &Writer<'_>) -> Option<(String, Node)> {
    let given = arguments.as_object().filter(|members| !members.is_empty())?;
    Some(key("with", node::value(&Value::Object(given.clone()), &|text| writer.places.text(text))))
}

fn checks(exchange: &Exchange, writer: &Writer<'_>) -> Keys {
    let given = &exchange.params;
    let result = match &exchange.answer {
        Some(Answered::Error { code, message }) => {
            return vec![key("protocol_error", errors::of_protocol(*code, message, given, writer))];
        }
        Some(Answered::Result(result)) => result,
        None => return Vec::new(),
    };
    match exchange.method.as_str() {
        "tools/call" => match Answer::of_tool(Reply::Result(result.clone()), None) {
            Answer::Tool { value, content, is_error: true, .. } => {
                errors::of_tool(&value, &content, &given["arguments"], writer)
            }
            Answer::Tool { value, content, .. } => answered(given, &value, &content, writer),
            _ => vec![key("expect", node::word("any"))],
        },
        "resources/subscribe" | "resources/unsubscribe" => vec![key("expect", node::word("any"))],
        "completion/complete" => vec![key("expect", writer.whole(&result["completion"]))],
        _ => vec![key("expect", writer.whole(result))],
    }
}

fn answered(given: &Value, value: &Value, content: &Value, writer: &Writer<'_>) -> Keys {
    let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
    if blocks.iter().any(|block| block["type"] != "text") {
        let block = |block: &Value| {
            let members = block.as_object().into_iter().flatten();
            let short = members.filter(|(name, _)| *name != "data" && *name != "_meta");
            node::map(short.filter_map(|(name, member)| Some((name.clone(), writer.expected(member)?))))
        };
        return vec![key("content", node::list(blocks.iter().map(block).collect()))];
    }
    let arguments = &given["arguments"];
    if let Some(mut keys) = rows::of(value, arguments["sql"].as_str(), writer) {
        if value["truncated"] == true {
            keys.insert(0, key("expect", node::map([("truncated", node::truth(true))])));
        }
        return keys;
    }
    if given["name"] == "execute" && statement("execute", arguments, writer).is_some() {
        let told = ["affected_rows", "resolved_database"];
        let told = told.into_iter().filter_map(|name| Some((name, writer.expected(value.get(name)?)?)));
        let told: Vec<(&str, Node)> = told.collect();
        if !told.is_empty() {
            return vec![key("expect", node::map(told))];
        }
    }
    vec![key("expect", writer.whole(value))]
}

/// A list by the names of what is in it: the rest is for whoever is interested in it.
fn named(items: &[Value], writer: &Writer<'_>) -> Node {
    let item = |item: &Value| {
        let names = ["uri", "uriTemplate", "name"].into_iter();
        node::map(names.filter_map(|name| Some((name, writer.expected(item.get(name)?)?))))
    };
    node::list(items.iter().map(item).collect())
}

/// What has to be done to a file before a step; the name of a copy is for `copied` to choose.
pub(super) fn deed(deed: &Deed, writer: &Writer<'_>, copied: &mut dyn FnMut(&Path, &str) -> String) -> Node {
    let inside = |path: &Path| node::text(writer.places.inside(path));
    match deed {
        Deed::Mkdir(path) => node::map([key("mkdir", inside(path))]),
        Deed::Remove(path) => node::map([key("remove", inside(path))]),
        Deed::Write(path, content) => {
            let content = match content {
                Content::Text(text) => key("text", node::text(text.replace("$(", "$$("))),
                Content::Bytes(bytes) => key("base64", node::text(base64(bytes))),
                Content::Copied(copy) => key("copy", node::text(copied(copy, &writer.places.inside(path)))),
            };
            node::map([key("write", inside(path)), content])
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// The notifications that came because of a request.
pub(super) fn notified(exchange: &Exchange, writer: &Writer<'_>) -> Vec<Node> {
    let step = |(method, params): &(String, Value)| {
        let mut keys = vec![key("notified", node::text(method.as_str()))];
        let mut params = params.clone();
        if let Some(members) = params.as_object_mut() {
            members.remove("_meta");
        }
        if params.as_object().is_some_and(|members| !members.is_empty()) {
            keys.push(key("params", writer.whole(&params)));
        }
        node::map(keys)
    };
    exchange.notified.iter().map(step).collect()
}
