//! Servers that keep wrong books of tables.

use serde_json::{Value, json};

use crate::fault::{Answer, Call, Deed};
use crate::suspect::{Suspect, answered, asked, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead(
        "notes into `persistent` alone, and says that it did not",
        "catalog::metadata::a_note_for_lake",
        |call, _, server| {
            Box::pin(call.send_in_secret(server, |call| {
                if call.is(NOTE) {
                    call.arguments["database"] = json!("persistent");
                }
            }))
        },
    ),
    instead("keeps no catalogue", "catalog::seeding", AFTER_A_LOAD_DROPS),
    instead(
        "loses what people noted when a table is loaded again",
        "paths::load_file_that_merges_counts_the_whole_table_and_keeps_the_note",
        |call, _, server| {
            Box::pin(async move {
                after_load(&call, server, "UPDATE \"_table_catalog\" SET purpose = NULL, notes = NULL").await
            })
        },
    ),
    instead("notes the wrong tool", "catalog::stamps", |call, _, server| {
        Box::pin(async move { after_load(&call, server, "UPDATE \"_table_catalog\" SET load_tool = 'query'").await })
    }),
    instead("notes the wrong number of rows", "catalog::stamps", |call, _, server| {
        Box::pin(
            async move { after_load(&call, server, "UPDATE \"_table_catalog\" SET row_count = row_count + 1").await },
        )
    }),
    instead("enters a table twice", "paths::load_iceberg_enters_its_table", |call, _, server| {
        Box::pin(async move {
            after_load(&call, server, "INSERT INTO \"_table_catalog\" SELECT * FROM \"_table_catalog\"").await
        })
    }),
    instead("keeps a catalogue in `local` too", "catalog::seeding", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if call.is(LOADS) && !answer.is_error() {
                let sql = "CREATE TABLE IF NOT EXISTS \"local\".\"public\".\"_table_catalog\" (a INT)";
                server.call("execute", json!({ "sql": [sql] })).await;
            }
            answer
        })
    }),
    answered(
        "shows its catalogue as a table",
        "seeding::a_database_that_is_attached_and_read_gets_none",
        |call, answer| {
            if call.is(&["describe"])
                && let Some(tables) = answer.value()["tables"].as_array_mut()
            {
                tables.push(json!({ "name": "_table_catalog", "columns": [], "row_count": 1 }));
            }
        },
    ),
    asked("notes into `persistent` alone", "metadata::a_note_for_lake", |call| {
        if call.is(NOTE) {
            call.arguments["database"] = json!("persistent");
        }
    }),
    answered("accepts a note that says nothing", "metadata::a_note_needs_something_to_note", |call, answer| {
        if call.is(NOTE) && answer.is_error() {
            *answer = Answer::of(
                &json!({ "entry": { "table_name": call.arguments["table"] }, "resolved_database": "persistent" }),
            );
        }
    }),
    answered(
        "does not say where a table has no entry",
        "metadata::a_table_without_an_entry_is_told",
        |call, answer| {
            if call.is(NOTE) && answer.is_error() {
                answer.value()["error"]["message"] = json!("There is no entry.");
            }
        },
    ),
    instead(
        "forgets one note for another",
        "stamps::a_reload_keeps_what_people_noted_and_the_time_of_the_first_loa",
        |call, _, server| {
            Box::pin(async move {
                if call.is(NOTE) && call.arguments["notes"].is_null() {
                    let mut blank = call.anew();
                    blank.arguments["notes"] = json!("");
                    blank.send(server).await;
                }
                call.send(server).await
            })
        },
    ),
    instead("keeps the entry of a table that was dropped", "catalog::reconcile", |call, _, server| {
        Box::pin(async move {
            let before = entries(&call, server).await;
            let answer = call.send(server).await;
            if call.arguments["sql"].to_string().contains("DROP TABLE") {
                for name in before.iter().filter_map(|entry| entry["table_name"].as_str()) {
                    let sql = format!(
                        "INSERT INTO \"_table_catalog\" (table_name, loaded_at, last_refreshed_at) VALUES ('{name}', now(), now())"
                    );
                    call.also(server, "execute", json!({ "sql": [sql] })).await;
                }
            }
            answer
        })
    }),
    answered("describes tables without their notes", "catalog::shown", |call, answer| {
        let tables = answer.value()["tables"].as_array_mut().filter(|_| call.is(&["describe"]));
        for table in tables.into_iter().flatten().filter_map(Value::as_object_mut) {
            table.shift_remove("noted");
        }
    }),
    answered("does not say what an earlier session has kept", "catalog::kept", |_, answer| {
        if let Some(content) = answer.0["result"]["content"].as_array_mut() {
            content.truncate(1);
        }
    }),
    instead("says with each answer what was kept", "catalog::kept", |call, memory, server| {
        Box::pin(async move {
            let mut answer = call.send(server).await;
            let content = answer.0["result"]["content"].as_array_mut();
            let Some(content) = content.filter(|content| !content.is_empty()) else { return answer };
            match (content.get(1).cloned(), memory.kept("greeting")) {
                (Some(said), _) => drop(memory.keep("greeting", said)),
                (None, Some(said)) => content.push(said),
                (None, None) => {}
            }
            answer
        })
    }),
];

const LOADS: &[&str] = &["load_file", "load_data", "load_files", "load_iceberg"];
const NOTE: &[&str] = &["set_table_metadata"];
const AFTER_A_LOAD_DROPS: Deed =
    |call, _, server| Box::pin(async move { after_load(&call, server, "DROP TABLE \"_table_catalog\"").await });

async fn after_load(call: &Call, server: &hyper_conform::target::Behind, sql: &str) -> Answer {
    let answer = call.send(server).await;
    if call.is(LOADS) && !answer.is_error() {
        call.also(server, "execute", json!({ "sql": [sql] })).await;
    }
    answer
}

async fn entries(call: &Call, server: &hyper_conform::target::Behind) -> Vec<Value> {
    let mut answer = call.also(server, "query", json!({ "sql": "SELECT table_name FROM \"_table_catalog\"" })).await;
    answer.rows().to_vec()
}
