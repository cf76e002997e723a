//! Servers that export the wrong thing, or to the wrong place.

use std::path::Path;

use serde_json::json;

use crate::fault::{Answer, Call};
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("exports from `local` alone, and says that it did not", "export::hyper", |call, _, server| {
        Box::pin(call.send_in_secret(server, |call| {
            if call.is(EXPORT) {
                call.forget("database");
            }
        }))
    }),
    asked("overwrites, unasked", "export::place", |call| {
        if call.is(EXPORT) {
            call.arguments["overwrite"] = json!(true);
        }
    }),
    asked("never overwrites", "place::with_overwrite_the_file_gives_way", |call| drop(call.forget("overwrite"))),
    asked("exports from `local` alone", "hyper::the_tables_of_the_named_database_are_in_it_and_no_others", |call| {
        if call.is(EXPORT) {
            call.forget("database");
        }
    }),
    asked("ignores `format_options`", "source::options_of_csv", |call| drop(call.forget("format_options"))),
    asked("ignores the codec of Parquet", "source::options_of_parquet", |call| {
        if let Some(options) = call.arguments["format_options"].as_object_mut() {
            options.remove("codec");
        }
    }),
    instead("leaves a part of an export that fails", "leaves_nothing", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if call.is(EXPORT) && answer.is_error() {
                beside(&call, "", "half of it");
            }
            answer
        })
    }),
    instead("leaves a temporary file beside an export", "hyper::one_table_alone", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if call.is(EXPORT) && !answer.is_error() {
                beside(&call, ".tmp", "half of it");
            }
            answer
        })
    }),
    instead("says that it exported, and does not", "export::", |call, _, server| {
        Box::pin(async move {
            if call.is(EXPORT) {
                return Answer::of(
                    &json!({ "path": call.arguments["path"], "rows": 1, "format": call.arguments["format"] }),
                );
            }
            call.send(server).await
        })
    }),
    instead(
        "loses the last line of a CSV",
        "loss::lengths_of_texts_are_kept_by_arrow_and_hyper_alone",
        |call, _, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                let text = std::fs::read_to_string(call.text("path")).unwrap_or_default();
                if call.is(EXPORT)
                    && call.text("format") == "csv"
                    && let Some((kept, _)) = text.trim_end().rsplit_once('\n')
                {
                    beside(&call, "", &format!("{kept}\n"));
                }
                answer
            })
        },
    ),
    answered("gets the size of the file wrong", "place::the_size", |_, answer| {
        if let Some(size) = answer.value().get_mut("file_size_bytes") {
            *size = json!(size.as_u64().unwrap_or_default() + 1);
        }
    }),
    answered("gets the number of rows wrong", "export::", |call, answer| {
        if call.is(EXPORT) && !answer.is_error() {
            let rows = answer.value()["rows"].as_u64().unwrap_or_default();
            answer.value()["rows"] = json!(rows + 1);
        }
    }),
    answered("does not say what a .hyper file loses", "export::hyper", |_, answer| answer.forget("schema_fidelity")),
    asked("takes one of two sources", "source::no_source_two_sources", |call| {
        if call.is(EXPORT) && !call.arguments["sql"].is_null() {
            call.forget("table");
        }
    }),
];

const EXPORT: &[&str] = &["export"];

/// Writes what a careless server leaves; where that cannot be written, nothing is left.
fn beside(call: &Call, ending: &str, text: &str) {
    let path = format!("{}{ending}", call.text("path"));
    if Path::new(&path).is_absolute() {
        let _ = std::fs::write(path, text);
    }
}
