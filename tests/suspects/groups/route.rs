//! Servers that send calls to the wrong database, or say so.

use serde_json::{Value, json};

use crate::fault::Call;
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("drops `database`, and says that it did not", "route::load", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            call.forget("database");
        }))
    }),
    instead(
        "ignores `persist`, and says that it did not",
        "route::load::a_load_that_is_to_persist",
        |call, _, server| {
            Box::pin(call.send_in_secret(server, |call| {
                call.forget("persist");
            }))
        },
    ),
    instead("reads from `local` alone, and says that it did not", "route::read", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            if call.is(&["query", "describe", "sample"]) {
                call.forget("database");
            }
        }))
    }),
    asked("drops `database`", "route::", |call| drop(call.forget("database"))),
    asked("ignores `persist`", "load::a_load_that_is_to_persist_goes_to_persistent", |call| {
        drop(call.forget("persist"));
    }),
    asked("lets `persist` win over `database`", "wins", |call| {
        if call.arguments["persist"] == true {
            call.forget("database");
        }
    }),
    asked("sends calls without a database to `persistent`", "route::defaults", |call| {
        if call.is(&["query", "execute"]) && call.arguments["database"].is_null() {
            call.arguments["database"] = json!("persistent");
        }
    }),
    asked("finds databases in lower case alone", "casing", |call| {
        if call.text("database").contains(char::is_uppercase) {
            call.arguments["database"] = json!("nowhere");
        }
    }),
    answered("always says `resolved_database: local`", "route::", |_, answer| {
        if let Some(name) = answer.value().get_mut("resolved_database") {
            *name = json!("local");
        }
    }),
    answered("does not say `resolved_database`", "route::", |_, answer| answer.forget("resolved_database")),
    answered("calls an unknown database by another code", "route::unknown", |_, answer| {
        if answer.code() == "INVALID_ARGUMENT" {
            answer.value()["error"]["code"] = json!("SQL_ERROR");
        }
    }),
    instead("takes an unknown database for `local`", "route::unknown", |mut call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if answer.code() != "INVALID_ARGUMENT" || call.forget("database").is_none() {
                return answer;
            }
            call.send(server).await
        })
    }),
    instead("loads into `local` besides", "route::load", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if call.is(LOADS) && !answer.is_error() {
                in_local(&call).send(server).await;
            }
            answer
        })
    }),
    answered("is silent about a write to a read-only attachment", "route::read_only", |_, answer| {
        if answer.message().contains("read-only") {
            *answer.value() = json!({ "rows": 1, "statements": 1, "affected_rows": 1 });
            answer.0["result"]["isError"] = json!(false);
        }
    }),
    answered("does not tell how to write to a read-only attachment", "route::read_only", |_, answer| {
        if let Some(error) = answer.value().get_mut("error").and_then(Value::as_object_mut) {
            error.retain(|name, value| name == "code" || !value.to_string().contains("writable"));
        }
    }),
    asked("makes a second table where one of another schema is named", "route::tables::", |call| {
        for argument in ["table", "target_table"] {
            let name = call.text(argument);
            if !call.is(&["describe", "sample", "export"]) && name.contains('.') && !name.starts_with('"') {
                call.arguments[argument] = json!(format!("\"{name}\""));
            }
        }
    }),
    answered("shows two tables by one name", "route::tables_unclear", |call, answer| {
        let tables = answer.value()["tables"].as_array_mut().filter(|_| call.is(&["describe"]));
        for name in tables.into_iter().flatten().filter_map(|table| table.get_mut("name")) {
            *name = json!(name.as_str().unwrap_or_default().replace('"', ""));
        }
    }),
    instead("takes an unclear name for one of its tables", "route::tables_unclear", |mut call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if !answer.message().contains("several ways") {
                return answer;
            }
            for argument in ["table", "target_table"] {
                if !call.arguments[argument].is_null() {
                    call.arguments[argument] = json!(format!("\"{}\"", call.text(argument)));
                }
            }
            call.send(server).await
        })
    }),
];

const LOADS: &[&str] = &["load_file", "load_data"];

fn in_local(call: &Call) -> Call {
    let mut call = call.anew();
    call.forget("persist");
    call.arguments["database"] = json!("local");
    call
}
