//! Servers that break what they promise of the protocol.

use serde_json::{Value, json};

use crate::fault::{Answer, Fault};
use crate::suspect::{Suspect, answered, instead, listed, told};

pub(crate) const SUSPECTS: &[Suspect] = &[
    listed("has no output schemas", "protocol::tools", |tool| {
        drop(tool.as_object_mut().map(|map| map.remove("outputSchema")));
    }),
    listed("has no annotations", "protocol::annotations", |tool| {
        drop(tool.as_object_mut().map(|map| map.remove("annotations")));
    }),
    listed("calls every tool read-only", "annotations::these_are_the_effects_of_each_tool", |tool| {
        tool["annotations"]["readOnlyHint"] = json!(true);
    }),
    listed("calls no tool destructive", "annotations::these_are_the_effects_of_each_tool", |tool| {
        tool["annotations"]["destructiveHint"] = json!(false);
    }),
    listed("does not describe its tools", "protocol::tools", |tool| tool["description"] = json!("A tool.")),
    listed("does not describe its arguments", "tools::attach_database_describes_each_of_its_arguments", |tool| {
        for (_, argument) in tool["inputSchema"]["properties"].as_object_mut().into_iter().flatten() {
            argument.as_object_mut().map(|map| map.remove("description"));
        }
    }),
    listed("does not say that it refuses unknown arguments", "protocol::tools", |tool| {
        tool["inputSchema"]["additionalProperties"] = json!(true);
    }),
    answered("answers otherwise than its output schema says", "protocol::answers", |_, answer| {
        if !answer.is_error() {
            answer.value()["stats"] = json!("many");
        }
    })
    .held_to_schemas(),
    answered("says one thing as text and another as data", "protocol::answers", |_, answer| {
        answer.0["result"]["content"][0]["text"] = json!("{}");
    })
    .held_to_schemas(),
    answered("answers in text alone", "protocol::answers", |_, answer| {
        answer.0["result"].as_object_mut().map(|result| result.remove("structuredContent"));
    })
    .held_to_schemas(),
    Suspect {
        name: "says its errors as data that its output schema forbids",
        first: "protocol::refusals",
        fault: Fault::RefusesInData,
        held_to_schemas: true,
    },
    answered("answers in data alone", "protocol::answers", |_, answer| answer.0["result"]["content"] = json!([])),
    told("tells no progress", "load::many", |message| if is_progress(&message) { Vec::new() } else { vec![message] }),
    told("tells its progress twice", "load::many", |message| {
        if is_progress(&message) { vec![message.clone(), message] } else { vec![message] }
    }),
    told("tells progress that goes backwards", "load::many", |mut message| {
        if let Some(done) = message["params"]["progress"].as_f64().filter(|_| is_progress(&message)) {
            message["params"]["progress"] = json!(-done);
        }
        vec![message]
    }),
    answered("lies about its hyperd", "protocol::status", |_, answer| {
        lie(answer, &["engine", "endpoint"], json!("nowhere"));
    }),
    answered(
        "says that it may write when it may not",
        "readers::status_says_that_the_server_is_read_only",
        |_, answer| lie(answer, &["read_only"], json!(false)),
    ),
    answered("does not tell its databases", "protocol::status", |_, answer| lie(answer, &["databases"], json!([]))),
    answered("tells other limits than it has", "protocol::status_limits", |_, answer| {
        lie(answer, &["limits", "query_rows_max"], json!(1_000_000));
    }),
    answered("does not name the argument that is wrong", "protocol::arguments", |_, answer| {
        if answer.is_error() {
            answer.value()["error"]["message"] = json!("The arguments are wrong.");
        }
    }),
    answered("does not suggest the name that was meant", "protocol::arguments", |_, answer| {
        if answer.is_error() {
            answer.value()["error"]["suggestion"] = json!("Read the manual.");
        }
    }),
    instead("answers an unknown tool like a known one", "protocol::unknown_tool", |call, _, server| {
        Box::pin(async move {
            let answer = call.send(server).await;
            if answer.0.get("error").is_some() { Answer::of(&json!({})) } else { answer }
        })
    }),
];

fn is_progress(message: &Value) -> bool {
    message["method"] == "notifications/progress"
}

/// Puts `value` in the place of a member that is there.
fn lie(answer: &mut Answer, path: &[&str], value: Value) {
    let member = path.iter().try_fold(answer.value(), |member, name| member.get_mut(name));
    if let Some(member) = member {
        *member = value;
    }
}
