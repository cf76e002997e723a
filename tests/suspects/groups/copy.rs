//! Servers that copy to the wrong place.

use serde_json::json;

use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("ignores `target_database`, and says that it did not", "copy::", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            call.forget("target_database");
        }))
    }),
    asked("ignores `target_database`", "copy::", |call| drop(call.forget("target_database"))),
    asked("replaces where it should append", "modes::append_adds_rows", |call| {
        if call.is(COPY) && call.text("mode") == "append" {
            call.arguments["mode"] = json!("replace");
        }
    }),
    asked("replaces what is there already", "modes::create_refuses_a_table_that_exists", |call| {
        if call.is(COPY) && call.text("mode") == "create" {
            call.arguments["mode"] = json!("replace");
        }
    }),
    answered("gets the number of rows wrong", "copy::", |call, answer| {
        if call.is(COPY) && !answer.is_error() {
            let rows = answer.value()["row_count"].as_u64().unwrap_or_default();
            answer.value()["row_count"] = json!(rows + 1);
        }
    }),
    instead("keeps what it attached for a copy", "copy::temp_attach", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            for one in call.arguments["temp_attach"].as_array().into_iter().flatten() {
                server.call("attach_database", json!({ "alias": one["alias"], "path": one["path"] })).await;
            }
            answer
        })
    }),
];

const COPY: &[&str] = &["copy_query"];
