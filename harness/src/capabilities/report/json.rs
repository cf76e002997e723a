//! Findings for programs.

use serde_json::{Value, json};

use super::group::{groups, verdict};
use crate::capabilities::run::Findings;

/// All findings: a release's changes, causes and outcomes.
pub fn render(findings: &[Findings]) -> String {
    let releases: Vec<Value> = findings.iter().map(release).collect();
    let report = json!({ "verdict": format!("{:?}", verdict(findings)).to_lowercase(), "releases": releases });
    format!("{report:#}\n")
}

fn release(findings: &Findings) -> Value {
    let causes: Vec<Value> = groups(&findings.changes)
        .into_iter()
        .map(|group| {
            let rows: Vec<&str> = group.changes.iter().map(|change| change.id.as_str()).collect();
            json!({ "kind": group.kind, "severity": group.severity, "cause": group.cause, "rows": rows })
        })
        .collect();
    let outcomes: serde_json::Map<String, Value> =
        findings.outcomes.iter().map(|(id, outcome)| (id.clone(), json!(outcome))).collect();
    json!({
        "release": findings.subject.name,
        "executable": findings.subject.executable,
        "against": findings.against,
        "seconds": findings.took.as_secs_f64(),
        "changes": findings.changes,
        "unsteady": findings.unsteady,
        "causes": causes,
        "outcomes": outcomes,
    })
}
