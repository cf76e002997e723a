//! Servers that detach too much, too little, or not at all.

use serde_json::{Value, json};

use crate::fault::{Answer, Call};
use crate::suspect::{Suspect, answered, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead(
        "forgets the guard of watched databases",
        "watched::detaching_is_refused_while_the_folder_is_watched_and_allowed_",
        |call, _, server| {
            Box::pin(async move {
                if call.is(&["detach_database"]) {
                    let watchers = Answer::of_server(server.call("status", json!({})).await).value()["watchers"].take();
                    for watcher in watchers.as_array().into_iter().flatten() {
                        server.call("unwatch_directory", json!({ "path": watcher["directory"] })).await;
                    }
                }
                call.send(server).await
            })
        },
    ),
    answered("does not name the watched folder", "detach::local_and_persistent_cannot_be_detached", |call, answer| {
        if call.is(&["detach_database"]) && answer.is_error() {
            answer.value()["error"]["message"] = json!("It is in use.");
        }
    }),
    answered(
        "says that everything was detached",
        "detach::detaching_what_is_not_attached_is_no_error_and_changes_nothing",
        |call, answer| {
            if call.is(&["detach_database"]) && !answer.is_error() {
                answer.value()["detached"] = json!(true);
            }
        },
    ),
    instead("says that it detached, and does not", "detach", |call, _, server| {
        Box::pin(async move {
            if is_attached(&call) {
                return Answer::of(&json!({ "alias": call.text("alias").to_lowercase(), "detached": true }));
            }
            call.send(server).await
        })
    }),
    answered(
        "is silent about `local` and `persistent`",
        "detach::local_and_persistent_cannot_be_detached",
        |call, answer| {
            if call.is(&["detach_database"]) && answer.is_error() {
                *answer = Answer::of(&json!({ "alias": call.arguments["alias"], "detached": false }));
            }
        },
    ),
    answered(
        "fails for what is not attached",
        "detach::detaching_what_is_not_attached_is_no_error_and_changes_nothing",
        |call, answer| {
            if call.is(&["detach_database"]) && answer.value()["detached"] == false {
                *answer = Answer::refusal("INVALID_ARGUMENT", "It is not attached.");
            }
        },
    ),
    instead("deletes the file that it detaches", "alias::detach", |call, _, server| {
        Box::pin(async move {
            let mut before = Answer::of_server(server.call("list_attached_databases", json!({})).await);
            let answer = call.send(server).await;
            let gone = |one: &&Value| one["alias"] == call.text("alias").to_lowercase();
            if call.is(&["detach_database"])
                && !answer.is_error()
                && let Some(path) = before.value()["attachments"].as_array().and_then(|all| all.iter().find(gone))
            {
                let _ = std::fs::remove_file(path["path"].as_str().unwrap_or_default());
            }
            answer
        })
    }),
];

fn is_attached(call: &Call) -> bool {
    let reserved = ["local", "persistent"].contains(&call.text("alias").to_lowercase().as_str());
    call.is(&["detach_database"]) && !reserved
}
