//! Servers that load something else than what is in the file.

use serde_json::{Value, json};

use crate::fault::{Answer, Call};
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    asked("replaces where it should append", "iceberg::replace_append_and_the_types_of_the_folder", |call| {
        mode(call, "append", "replace");
    }),
    asked("appends where it should replace", "iceberg::replace_append_and_the_types_of_the_folder", |call| {
        if call.is(LOADS) && matches!(call.text("mode"), "" | "replace") {
            call.arguments["mode"] = json!("append");
        }
    }),
    answered("counts a row too many", "load::", |call, answer| {
        if call.is(LOADS) && !answer.is_error() {
            let rows = answer.value()["rows"].as_u64().unwrap_or_default();
            answer.value()["rows"] = json!(rows + 1);
        }
    }),
    answered("swallows errors", "load::", |_, answer| {
        if answer.is_error() {
            *answer = Answer::of(&json!({ "rows": 0 }));
        }
    }),
    asked(
        "strips arguments that it does not know",
        "iceberg::a_load_into_persistent_or_an_attachment_is_in_its_catalogue",
        |call| {
            let known = [
                "table",
                "path",
                "data",
                "format",
                "mode",
                "merge_key",
                "schema",
                "json_extract_path",
                "database",
                "persist",
            ];
            if let Some(arguments) = call.arguments.as_object_mut().filter(|_| LOADS.contains(&call.tool.as_str())) {
                arguments.retain(|name, _| known.contains(&name.as_str()));
            }
        },
    ),
    asked("takes an unknown choice for the default", "arguments_table::a_mode_that_there_is_not", |call| {
        if call.is(LOADS) && !["", "replace", "append", "merge"].contains(&call.text("mode")) {
            call.forget("mode");
        }
    }),
    asked("ignores `schema`", "load::schema", |call| drop(call.forget("schema"))),
    asked("ignores `json_extract_path`", "inspect::json_and_a_path_into_it", |call| {
        drop(call.forget("json_extract_path"));
    }),
    asked("ignores `version_as_of`", "iceberg::a_state_of_the_folder_is_picked_by_its_file_or_its_version", |call| {
        drop(call.forget("version_as_of"));
    }),
    asked("loses the last line of a text", "csv_layout::decimal_commas_do_not_split_cells", |call| {
        let lines: Vec<&str> = call.text("data").trim_end().lines().collect();
        if let [kept @ .., _] = lines.as_slice() {
            call.arguments["data"] = json!(kept.join("\n"));
        }
    }),
    instead(
        "loses the old table where a replace fails",
        "iceberg::a_state_of_the_folder_is_picked_by_its_file_or_its_version",
        |call, _, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                if call.is(LOADS) && answer.is_error() && call.text("mode") != "append" {
                    let sql = format!("DROP TABLE IF EXISTS \"{}\"", call.text("table"));
                    call.also(server, "execute", json!({ "sql": [sql] })).await;
                }
                answer
            })
        },
    ),
    instead(
        "leaves a temporary table where a load fails",
        "iceberg::a_folder_whose_data_is_gone_is_refused_and_the_old_table_stay",
        |call, _, server| {
            Box::pin(async move {
                let answer = call.send(server).await;
                if call.is(LOADS) && answer.is_error() {
                    call.also(server, "execute", json!({ "sql": ["CREATE TABLE IF NOT EXISTS tmp_load (a INT)"] }))
                        .await;
                }
                answer
            })
        },
    ),
    instead("reads an empty cell as the empty text", "load::csv_values", |call, _, server| {
        Box::pin(async move {
            let mut answer = call.send(server).await;
            answer.cells().filter(|cell| cell.is_null()).for_each(|cell| *cell = json!(""));
            answer
        })
    }),
    asked("loads half of the files", "load::many", |call| {
        if let Some(files) = call.arguments["files"].as_array_mut() {
            files.truncate(files.len().div_ceil(2));
        }
    }),
    answered("stops at the first file that fails", "load::many_failing", |_, answer| {
        let results = answer.value()["results"].as_array_mut();
        let failed = |one: &Value| one.get("error").is_some();
        if let Some(results) = results
            && let Some(first) = results.iter().position(failed)
        {
            results.truncate(first + 1);
        }
    }),
    answered("says the columns of a table with each of its files", "many::files_of_one_table", |_, answer| {
        let mut said = Value::Null;
        for result in answer.value()["results"].as_array_mut().into_iter().flatten() {
            if result["schema"].is_null() && result["error"].is_null() {
                result["schema"] = said.clone();
            }
            said = result["schema"].clone();
        }
    }),
    answered("inspects without counting NULLs", "load::inspect", |_, answer| {
        for column in answer.value()["columns"].as_array_mut().into_iter().flatten() {
            if let Some(count) = column.get_mut("null_count") {
                *count = json!(0);
            }
        }
    }),
    answered("reads 04/12/2018 as April and 1,200 as 1200 without a word", "load::readings", |_, answer| {
        if answer.is_error() && answer.value()["error"]["message"].to_string().contains("no value of the column shows")
        {
            *answer = Answer::of(&json!({ "rows": 1 }));
        }
    }),
    answered("does not say how it read a column", "load::readings", |_, answer| {
        if let Some(answer) = answer.value().as_object_mut() {
            answer.remove("notes");
        }
    }),
    answered("inspects every column as TEXT", "load::inspect", |call, answer| {
        for column in answer.value()["columns"].as_array_mut().into_iter().flatten() {
            if call.is(&["inspect_file"]) {
                column["type"] = json!("TEXT");
            }
        }
    }),
];

const LOADS: &[&str] = &["load_file", "load_data", "load_iceberg"];

fn mode(call: &mut Call, from: &str, to: &str) {
    if call.is(LOADS) && call.arguments["mode"] == from {
        call.arguments["mode"] = json!(to);
    }
}
