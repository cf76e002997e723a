//! Servers that watch folders carelessly.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fault::{Answer, Call};
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("watches for `local` alone, and says that it did not", "watch::sweep", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            if call.is(WATCH) {
                call.forget("database");
                call.forget("persist");
            }
        }))
    }),
    instead("says that it stopped, and does not", "watch::status", |call, _, server| {
        Box::pin(async move {
            if call.is(&["unwatch_directory"]) {
                let mut status = Answer::of_server(server.call("status", json!({})).await);
                let mut watcher = status.value()["watchers"][0].take();
                watcher["status"] = json!("stopped");
                return Answer::of(&watcher);
            }
            call.send(server).await
        })
    }),
    answered("shows each watched folder twice", "status::status_shows_each_watched_folder", |_, answer| {
        if let Some(watchers) = answer.value().get_mut("watchers").and_then(Value::as_array_mut) {
            watchers.extend_from_within(..);
        }
    }),
    answered("does not show watched folders", "status::status_shows_each_watched_folder", |_, answer| {
        if let Some(watchers) = answer.value().get_mut("watchers") {
            *watchers = json!([]);
        }
    }),
    answered("does not tell the last error", "status::status_shows_each_watched_folder", |_, answer| {
        let watchers = answer.value().get_mut("watchers").and_then(Value::as_array_mut);
        watchers.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("last_error")));
    }),
    asked("watches for `local` alone", "databases::rows_land_in_the_database_that_was_named_and_in_no_other", |call| {
        if call.is(WATCH) {
            call.forget("database");
            call.forget("persist");
        }
    }),
    answered("accepts a second watch of a folder", "watch::refusals", |call, answer| {
        if call.is(WATCH) && answer.is_error() {
            *answer = Answer::of(&json!({ "directory": call.arguments["path"], "status": "watching" }));
        }
    }),
    instead("does not wait until a file is ready", "watch::protocol", |call, _, server| {
        Box::pin(async move {
            for file in files(&call).filter(|file| file.extension().is_some_and(|ending| ending != "ready")) {
                let _ = std::fs::write(ready(&file), "");
            }
            call.send(server).await
        })
    }),
    instead("loads what it finds twice", "watch::sweep", |call, _, server| {
        Box::pin(async move {
            for file in files(&call).filter(|file| ready(file).exists()) {
                let twin =
                    file.with_file_name(format!("twin_{}", file.file_name().unwrap_or_default().to_string_lossy()));
                let _ = std::fs::copy(&file, &twin);
                let _ = std::fs::write(ready(&twin), "");
            }
            call.send(server).await
        })
    }),
    instead(
        "leaves what it loaded",
        "databases::a_catalogue_that_cannot_be_written_does_not_keep_a_file_fro",
        |call, _, server| {
            Box::pin(async move {
                let delivered: Vec<PathBuf> = files(&call).filter(|file| ready(file).exists()).collect();
                let answer = call.send(server).await;
                for file in delivered {
                    let _ = std::fs::write(&file, "");
                }
                answer
            })
        },
    ),
    instead("throws away what it cannot load", "watch::failures", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if call.is(WATCH) {
                let _ = std::fs::remove_dir_all(Path::new(call.text("path")).join("failed"));
            }
            answer
        })
    }),
    instead("finds nothing at the start", "watch::sweep", |call, _, server| {
        Box::pin(async move {
            for file in files(&call) {
                let _ = std::fs::remove_file(ready(&file));
            }
            call.send(server).await
        })
    }),
];

const WATCH: &[&str] = &["watch_directory"];

/// What is in the folder that is to be watched.
fn files(call: &Call) -> impl Iterator<Item = PathBuf> {
    let folder = call.is(WATCH).then(|| std::fs::read_dir(call.text("path")).ok()).flatten();
    let files = folder.into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    files.filter(|path| path.is_file()).collect::<Vec<_>>().into_iter()
}

fn ready(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".ready");
    name.into()
}
