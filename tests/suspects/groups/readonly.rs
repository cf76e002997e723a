//! Read-only servers that refuse too little or too much.

use serde_json::json;

use crate::fault::Answer;
use crate::suspect::{Suspect, answered, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    answered("is silent about writes", "readonly::writers", |_, answer| {
        if answer.code() == VIOLATION {
            *answer = Answer::of(&json!({ "rows": 0, "statements": 1, "affected_rows": 0 }));
        }
    }),
    answered("calls a refused write a wrong argument", "readonly::writers", |_, answer| {
        if answer.code() == VIOLATION {
            answer.value()["error"]["code"] = json!("INVALID_ARGUMENT");
        }
    }),
    answered("does not say what it refused", "readonly::writers", |_, answer| {
        if answer.code() == VIOLATION {
            answer.value()["error"]["message"] = json!("No.");
        }
    }),
    answered("refuses exports as writes", "read_only::a_table_a_query_and_a_database", |call, answer| {
        if call.is(&["export"]) {
            *answer = Answer::refusal(VIOLATION, "`export` writes.");
        }
    }),
    answered("refuses to attach anything", "readonly::readers", |call, answer| {
        if call.is(&["attach_database"]) {
            *answer = Answer::refusal(VIOLATION, "`attach_database` writes.");
        }
    }),
    instead(
        "attaches read-only what was to be writable",
        "writers::no_database_is_attached_as_writable",
        |mut call, _, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                if answer.code() != VIOLATION || call.forget("writable").is_none() {
                    return answer;
                }
                call.anew().send(server).await
            })
        },
    ),
];

const VIOLATION: &str = "READ_ONLY_VIOLATION";
