//! Servers whose key-value stores are broken.

use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("serves a popped entry twice", "kv::lists::pop", |call, _, server| {
        async move {
            let mut answer = call.send(server).await;
            if call.is(&["kv_pop"]) && answer.value()["found"] == true {
                let (key, value) = (answer.value()["key"].clone(), answer.value()["value"].clone());
                let again = json!({ "store": call.text("store"), "key": key, "value": value });
                call.also(server, "kv_set", again).await;
            }
            answer
        }
        .boxed()
    }),
    asked("replaces what was to stay", "kv::", |call| {
        if call.is(&["kv_set", "kv_set_many"]) {
            call.forget("overwrite");
        }
    }),
    asked("has the stores of `local` alone", "kv::entries", |call| {
        if call.tool.starts_with("kv_") {
            call.forget("database");
            call.forget("persist");
        }
    }),
    asked("has one store", "kv::lists", |call| {
        if call.arguments["store"].is_string() {
            call.arguments["store"] = json!("the one");
        }
    }),
    asked("does not tell the case of a key", "kv::entries", |call| {
        if let Some(key) = call.arguments["key"].as_str() {
            call.arguments["key"] = json!(key.to_lowercase());
        }
    }),
    answered("calls each key new", "kv::", |call, answer| {
        if call.is(&["kv_set"]) && !answer.is_error() {
            answer.value()["created"] = json!(true);
        }
    }),
    answered("lists keys backwards", "kv::lists", |_, answer| {
        if let Some(keys) = answer.value().get_mut("keys").and_then(Value::as_array_mut) {
            keys.reverse();
        }
    }),
    answered("counts a byte too few", "kv::lists", |call, answer| {
        if call.is(&["kv_size"])
            && let Some(bytes) = answer.value()["bytes"].as_u64()
        {
            answer.value()["bytes"] = json!(bytes.saturating_sub(1));
        }
    }),
    answered("answers a miss as an empty value", "kv::", |call, answer| {
        if call.is(&["kv_get"]) && answer.value()["found"] == false {
            answer.value()["found"] = json!(true);
            answer.value()["value"] = json!("");
        }
    }),
    instead("writes the first entries of many, whatever the others are", "kv::many", |call, _, server| {
        async move {
            if call.is(&["kv_set_many"])
                && let Some(first) = call.arguments["entries"].get(0).cloned()
            {
                let alone = json!({ "store": call.text("store"), "key": first["key"], "value": first["value"] });
                call.also(server, "kv_set", alone).await;
            }
            call.send(server).await
        }
        .boxed()
    }),
];
