//! Servers that answer questions wrongly.

use serde_json::{Number, Value, json};

use crate::fault::Answer;
use crate::suspect::{Suspect, answered, asked, heard, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    answered("answers integers that JavaScript reads as others", "query::values_numbers", |_, answer| {
        for cell in answer.cells() {
            if let Some(integer) = cell.as_str().and_then(|text| text.parse::<i64>().ok()) {
                *cell = json!(integer);
            }
        }
    }),
    answered(
        "returns rows in another order",
        "bounds::as_many_rows_as_the_bound_allows_are_not_cut_one_more_is[rows=4",
        |_, answer| answer.rows().reverse(),
    ),
    answered("corrupts the last digit of a number", "query::values_numbers", |_, answer| {
        for cell in answer.cells() {
            if let Some(number) = cell.as_i64().filter(|number| number.unsigned_abs() > 99) {
                *cell = json!(number ^ 1);
            }
        }
    }),
    answered("keeps numbers as doubles", "query::values_numbers", |_, answer| {
        for cell in answer.cells() {
            if let Some(double) = cell.as_f64() {
                *cell = Number::from_f64(double).map_or(Value::Null, Value::Number);
            }
        }
    }),
    answered("returns numbers as texts", "query::values_numbers", |_, answer| {
        answer.cells().filter(|cell| cell.is_number()).for_each(|cell| *cell = json!(cell.to_string()));
    }),
    answered("returns NULL as the empty text", "query::values_text", |_, answer| {
        answer.cells().filter(|cell| cell.is_null()).for_each(|cell| *cell = json!(""));
    }),
    answered("trims texts", "query::values_text", |_, answer| {
        for cell in answer.cells() {
            if let Some(text) = cell.as_str() {
                *cell = json!(text.trim());
            }
        }
    }),
    answered(
        "drops the last column",
        "bounds::as_many_rows_as_the_bound_allows_are_not_cut_one_more_is[rows=4",
        |_, answer| {
            let last = answer.value()["columns"].as_array_mut().and_then(Vec::pop);
            let Some(name) = last.as_ref().and_then(|column| column["name"].as_str()) else { return };
            answer.rows().iter_mut().filter_map(Value::as_object_mut).for_each(|row| drop(row.shift_remove(name)));
        },
    ),
    answered("loses the last row", "query::", |_, answer| {
        answer.value()["result"].as_array_mut().map(Vec::pop);
    }),
    answered(
        "says that it returned everything",
        "bounds::as_many_rows_as_the_bound_allows_are_not_cut_one_more_is[rows=4",
        |_, answer| {
            if let Some(truncated) = answer.value().get_mut("truncated") {
                *truncated = json!(false);
            }
        },
    ),
    instead("answers with yesterday's rows", "query::fresh", |call, memory, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if !call.is(&["query"]) || answer.is_error() {
                return answer;
            }
            memory.keep(call.text("sql"), answer.0.clone()).map_or(answer, Answer)
        })
    }),
    answered("answers an error as an empty success", "query::errors", |_, answer| {
        if answer.is_error() {
            *answer = Answer::of(&json!({ "result": [], "columns": [], "truncated": false }));
        }
    }),
    answered("says `isError: false` of errors", "query::errors", |_, answer| {
        answer.0["result"]["isError"] = json!(false);
    }),
    answered(
        "calls every error SQL_ERROR",
        "errors::a_table_that_is_not_there_names_the_database_that_was_searched",
        |_, answer| {
            if answer.is_error() {
                answer.value()["error"]["code"] = json!("SQL_ERROR");
            }
        },
    ),
    answered("loses the SQLSTATE", "query::errors", |_, answer| {
        if answer.is_error() {
            answer.value()["error"]["sqlstate"].take();
        }
    }),
    answered(
        "suggests nothing",
        "errors::a_table_that_is_not_there_names_the_database_that_was_searched",
        |_, answer| {
            if let Some(error) = answer.value().get_mut("error").and_then(Value::as_object_mut) {
                error.remove("suggestion");
            }
        },
    ),
    instead("writes, too", "query::writes_refused", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if !call.is(&["query"]) || !answer.is_error() {
                return answer;
            }
            let written = call.also(server, "execute", json!({ "sql": [call.text("sql")] })).await;
            if written.is_error() { answer } else { Answer::of(&json!({ "result": [], "columns": [] })) }
        })
    }),
    heard("does not hear that a call is cancelled", "query::cancel", |notification| {
        if notification["method"] == "notifications/cancelled" { Vec::new() } else { vec![notification] }
    }),
    instead("does one thing at a time", "concurrency::every_quick_call", |call, memory, server| {
        Box::pin(async move {
            let _turn = memory.turn.lock().await;
            call.send(server).await
        })
    }),
    answered("describes tables with a row too many", "describe::the_tables_of_the_named_database", |_, answer| {
        for table in answer.value()["tables"].as_array_mut().into_iter().flatten() {
            table["row_count"] = json!(table["row_count"].as_u64().unwrap_or_default() + 1);
        }
    }),
    asked("samples as many rows as it likes", "sample::as_many_rows_come_as_are_asked_for_and_as_there_are", |call| {
        drop(call.forget("n"));
    }),
    instead("loads what it should only read", "read::query_file", |call, _, server| {
        Box::pin(async move {
            if call.is(&["query_data", "query_file"]) {
                let (tool, source) =
                    if call.is(&["query_data"]) { ("load_data", "data") } else { ("load_file", "path") };
                let table = if call.text("table_name").is_empty() { "data" } else { call.text("table_name") };
                let mut arguments = json!({ "table": table });
                arguments[source] = call.arguments[source].clone();
                server.call(tool, arguments).await;
            }
            call.send(server).await
        })
    }),
    answered("does not say in which database a table is", "query::meant", |_, answer| {
        if let Some(suggestion) = answer.value()["error"].get_mut("suggestion") {
            let text = suggestion.as_str().unwrap_or_default();
            let kept: Vec<&str> = text.split_inclusive('.').filter(|part| !part.contains("` is in `")).collect();
            *suggestion = json!(kept.concat());
        }
    }),
    answered("does not say which name was meant", "query::meant", |_, answer| {
        if let Some(suggestion) = answer.value()["error"].get_mut("suggestion") {
            *suggestion = json!(suggestion.as_str().unwrap_or_default().replace("Did you mean", "There is no"));
        }
    }),
];
