//! Servers that lose track of what is attached under which name.

use hyper_conform::target::Behind;
use serde_json::{Value, json};

use crate::fault::{Answer, Call, Memory};
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("attaches everything writable, and says that it did not", "attach::an_existing", |call, memory, server| {
        Box::pin(async move {
            if call.is(&["attach_database"]) {
                return attach_writable(&call, memory, server).await;
            }
            let mut answer = call.send(server).await;
            for one in answer.value()["attachments"].as_array_mut().into_iter().flatten() {
                one["writable"] = memory.kept(one["alias"].as_str().unwrap_or_default()).unwrap_or(json!(true));
            }
            answer
        })
    }),
    answered(
        "answers an alias as it was typed",
        "casing::answers_and_lists_show_the_alias_in_lower_case",
        |call, answer| {
            if call.is(&["attach_database", "detach_database"]) && !answer.is_error() {
                answer.value()["alias"] = call.arguments["alias"].clone();
            }
        },
    ),
    asked("detaches in lower case alone", "alias::detach", |call| {
        if call.is(&["detach_database"]) && call.text("alias").contains(char::is_uppercase) {
            call.arguments["alias"] = json!("nothing_of_that_name");
        }
    }),
    answered(
        "lower-cases what the user typed in errors",
        "names::an_invalid_alias_is_refused_as_it_was_typed_and_nothing_is_attached[typed=My",
        |_, answer| {
            let lower = answer.message().to_lowercase();
            if answer.is_error() {
                answer.value()["error"]["message"] = json!(lower);
            }
        },
    ),
    answered("accepts every alias", "attach::a_missing_file_is_an_error_and_none_is_made", |call, answer| {
        if call.is(&["attach_database"]) && answer.is_error() {
            let alias = call.text("alias").to_lowercase();
            *answer = Answer::of(&json!({ "alias": alias, "path": call.arguments["path"], "writable": true }));
        }
    }),
    asked("attaches everything writable", "alias::attach", |call| {
        if call.is(&["attach_database"]) {
            call.arguments["writable"] = json!(true);
        }
    }),
    asked("attaches everything read-only", "attach::creating_leaves_a_file_that_is_there_as_it_is", |call| {
        drop(call.forget("writable"));
    }),
    asked("creates what is missing, unasked", "alias::attach", |call| {
        if call.is(&["attach_database"]) {
            call.arguments["writable"] = json!(true);
            call.arguments["on_missing"] = json!("create");
        }
    }),
    instead(
        "lets another file take an alias",
        "casing::aliases_that_differ_in_case_alone_are_the_same_alias",
        |call, _, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                if !call.is(&["attach_database"]) || !answer.is_error() {
                    return answer;
                }
                server.call("detach_database", json!({ "alias": call.arguments["alias"] })).await;
                call.anew().send(server).await
            })
        },
    ),
    instead(
        "attaches one database at a time",
        "attach::a_file_cannot_be_attached_under_a_second_alias",
        |call, memory, server| {
            Box::pin(async move {
                if call.is(&["attach_database"])
                    && let Some(alias) = memory.keep("attached", call.arguments["alias"].clone())
                {
                    server.call("detach_database", json!({ "alias": alias })).await;
                }
                call.send(server).await
            })
        },
    ),
    instead(
        "answers with what was under the alias before",
        "detach::another_file_under_the_alias_of_a_detached_one_shows_its_own_c",
        |call, memory, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                if call.is(&["query"]) && !answer.is_error() {
                    let question = call.arguments.to_string();
                    let before = memory.kept(&question);
                    memory.keep(&question, before.clone().unwrap_or(answer.0.clone()));
                    return before.map_or(answer, Answer);
                }
                answer
            })
        },
    ),
    answered("lists no attachments", "alias::", |_, answer| {
        if let Some(attached) = answer.value().get_mut("attachments").and_then(Value::as_array_mut) {
            attached.retain(|one| {
                one["kind"] != "attached"
                    && ["local", "persistent"].contains(&one["alias"].as_str().unwrap_or_default())
            });
        }
    }),
];

async fn attach_writable(call: &Call, memory: &Memory, server: &Behind) -> Answer {
    let mut changed = call.clone();
    changed.arguments["writable"] = json!(true);
    let mut answer = changed.send(server).await;
    if !answer.is_error() {
        let asked = json!(call.arguments["writable"] == true);
        memory.keep(&call.text("alias").to_lowercase(), asked.clone());
        answer.value()["writable"] = asked;
    }
    answer
}
