//! Servers that merge in another way.

use serde_json::{Value, json};

use crate::fault::Call;
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("merges into `local` alone, and says that it did not", "merge::rows", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            if is_merge(call) {
                call.forget("database");
                call.forget("persist");
            }
        }))
    }),
    asked("appends where it should merge", "merge::rows", |call| merge_as(call, "append")),
    asked("replaces where it should merge", "merge::rows", |call| merge_as(call, "replace")),
    asked("sees the first column of a key alone", "rows::several_columns_are_a_key_together", |call| {
        if let Some(first) = call.arguments["merge_key"].get(0).cloned() {
            call.arguments["merge_key"] = first;
        }
    }),
    asked("merges into `local` alone", "merge::", |call| {
        if is_merge(call) {
            call.forget("database");
            call.forget("persist");
        }
    }),
    asked("appends a merge without a key", "merge::refusals", |call| {
        if is_merge(call) && call.arguments["merge_key"].is_null() {
            merge_as(call, "append");
        }
    }),
    instead("loses the old rows where a merge fails", "columns::a_changed_type_is_refused", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if answer.is_error() && is_merge(&call) {
                let sql = format!("DELETE FROM \"{}\"", call.text("table"));
                call.also(server, "execute", json!({ "sql": [sql] })).await;
            }
            answer
        })
    }),
    instead("replaces the table where a merge is refused", "refusals::keys_that_are_null", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if !answer.is_error() || !is_merge(&call) {
                return answer;
            }
            let mut again = call.anew();
            merge_as(&mut again, "replace");
            again.send(server).await
        })
    }),
    answered(
        "does not say which columns it left NULL",
        "columns::columns_that_the_input_lacks_are_null_in_its_rows_and_told",
        |_, answer| {
            answer.forget("columns_left_null");
        },
    ),
    answered("does not say which columns it added", "merge::columns", |_, answer| answer.forget("added_columns")),
    instead("drops the columns that a merge adds", "merge::columns", |call, _, server| {
        Box::pin(async move {
            let mut answer = call.send(server).await;
            for column in answer.value()["added_columns"].as_array().cloned().unwrap_or_default() {
                let sql = format!("ALTER TABLE \"{}\" DROP COLUMN \"{}\"", call.text("table"), text(&column));
                call.also(server, "execute", json!({ "sql": [sql] })).await;
            }
            answer
        })
    }),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_merge(call: &Call) -> bool {
    call.arguments["mode"] == "merge"
}

fn merge_as(call: &mut Call, mode: &str) {
    if is_merge(call) {
        call.forget("merge_key");
        call.arguments["mode"] = json!(mode);
    }
}
