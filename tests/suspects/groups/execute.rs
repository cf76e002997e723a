//! Servers that execute statements one by one, or too many of them.

use serde_json::{Value, json};

use crate::fault::{Answer, Call};
use crate::suspect::{Suspect, answered, instead};

pub(crate) const SUSPECTS: &[Suspect] = &[
    instead("does a batch one by one", "execute::batch", |call, _, server| {
        Box::pin(async move { if is_batch(&call) { one_by_one(&call, server).await } else { call.send(server).await } })
    }),
    instead("does the batches that it should refuse", "execute::", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if answer.code() == "INVALID_ARGUMENT" && is_batch(&call) {
                return one_by_one(&call, server).await;
            }
            answer
        })
    }),
    answered(
        "counts the last statement alone",
        "counts::each_statement_is_told_with_its_own_text_time_and_count",
        |_, answer| {
            let last = answer.value()["per_statement"].as_array().and_then(|all| all.last()).cloned();
            if let Some(last) = last {
                answer.value()["affected_rows"] = last["affected_rows"].clone();
            }
        },
    ),
    answered("does not count each statement", "execute::counts", |_, answer| answer.forget("per_statement")),
    answered(
        "lets transaction control pass",
        "refusals::transaction_control_is_refused_wherever_it_stands",
        |call, answer| {
            let sql = call.arguments["sql"].to_string().to_uppercase();
            if answer.is_error() && ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| sql.contains(word)) {
                *answer = Answer::of(&json!({ "statements": 1, "affected_rows": 0, "resolved_database": "local" }));
            }
        },
    ),
    instead("reads, too", "refusals::reads_are_refused", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if !call.is(&["execute"]) || !answer.is_error() {
                return answer;
            }
            let sql = call.arguments["sql"].get(0).unwrap_or(&call.arguments["sql"]).clone();
            let read = call.also(server, "query", json!({ "sql": sql })).await;
            if read.is_error() { answer } else { Answer::of(&json!({ "statements": 1, "affected_rows": 0 })) }
        })
    }),
    answered("swallows errors", "execute::", |call, answer| {
        if call.is(&["execute"]) && answer.is_error() {
            *answer = Answer::of(&json!({ "statements": 0, "affected_rows": 0 }));
        }
    }),
    instead("does nothing", "execute::", |call, _, server| {
        Box::pin(async move {
            if !call.is(&["execute"]) {
                return call.send(server).await;
            }
            let statements = call.arguments["sql"].as_array().map_or(1, Vec::len);
            Answer::of(&json!({ "statements": statements, "affected_rows": 1, "resolved_database": "local" }))
        })
    }),
];

fn is_batch(call: &Call) -> bool {
    call.is(&["execute"]) && call.arguments["sql"].as_array().is_some_and(|all| all.len() > 1)
}

/// Each statement by itself, until one fails.
async fn one_by_one(call: &Call, server: &hyper_conform::target::Behind) -> Answer {
    let mut done = Vec::new();
    for sql in call.arguments["sql"].as_array().into_iter().flatten() {
        let mut answer = call.also(server, "execute", json!({ "sql": [sql] })).await;
        if answer.is_error() {
            return answer;
        }
        done.push(answer.value()["per_statement"][0].take());
    }
    let affected: u64 = done.iter().filter_map(|one| one["affected_rows"].as_u64()).sum();
    Answer::of(
        &json!({ "statements": done.len(), "affected_rows": affected, "per_statement": Value::from(done), "resolved_database": "local" }),
    )
}
