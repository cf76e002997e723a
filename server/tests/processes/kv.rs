//! Key-value stores under load: two servers on one hyperd, many callers, and a model of what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::pair::Pair;
use crate::random::Random;
use crate::support::Running;

/// Callers at the same moment, half of them at each server.
const CALLERS: u64 = 16;
const DATABASE: &str = "persistent";
/// Between two kills.
const PAUSE: Duration = Duration::from_secs(2);

impl Pair {
    fn of(&self, caller: u64) -> &Running {
        &self.servers[usize::from(caller % 2 == 1)]
    }

    /// Makes a call until hyperd is there for it; true where a call before may have done its work without an answer.
    async fn call(&self, caller: u64, tool: &'static str, mut arguments: Value) -> (Value, bool) {
        arguments["database"] = DATABASE.into();
        let mut unsure = false;
        loop {
            let answer = self.of(caller).call(tool, arguments.clone()).await;
            match answer["error"]["code"].as_str() {
                None => return (answer, unsure),
                // A death of hyperd costs the calls in flight.
                Some("CONNECTION_LOST" | "IO_ERROR") => unsure = true,
                // A daemon ends that has replaced hyperd often; the next call has another one.
                Some("HYPERD_NOT_FOUND") => {}
                Some(_) => panic!("{tool} {arguments}: {answer}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What one caller saw.
#[derive(Default)]
struct Seen {
    /// Entries of its own store.
    own: BTreeMap<String, String>,
    pushed: BTreeSet<String>,
    popped: Vec<String>,
    /// Pops that may have taken an entry out without saying which.
    unsure_pops: usize,
}

async fn work(pair: &Pair, caller: u64, calls: u64) -> Seen {
    let mut random = Random(caller + 1);
    let mut seen = Seen::default();
    let store = format!("own {caller}");
    for number in 0..calls {
        let key = format!("key {}", random.below(5));
        match random.below(6) {
            0 | 1 => {
                let value = format!("{caller} {number}");
                let set = json!({ "store": store, "key": key, "value": value });
                let (answer, unsure) = pair.call(caller, "kv_set", set).await;
                let is_new = seen.own.insert(key, value).is_none();
                assert!(unsure || answer["created"] == is_new, "{answer}");
            }
            2 => {
                let (answer, unsure) = pair.call(caller, "kv_delete", json!({ "store": store, "key": key })).await;
                let was_there = seen.own.remove(&key).is_some();
                assert!(unsure || answer["deleted"] == was_there, "{answer}");
            }
            3 => {
                let pushed = format!("{caller:02} {number:04}");
                pair.call(caller, "kv_set", json!({ "store": "queue", "key": pushed, "value": pushed })).await;
                seen.pushed.insert(pushed);
                // All callers write this one.
                pair.call(caller, "kv_set", json!({ "store": "shared", "key": "one", "value": "x" })).await;
            }
            4 => {
                let (answer, unsure) = pair.call(caller, "kv_pop", json!({ "store": "queue" })).await;
                seen.unsure_pops += usize::from(unsure);
                seen.popped.extend(answer["key"].as_str().map(str::to_owned));
            }
            _ => {
                let (answer, _) = pair.call(caller, "kv_get", json!({ "store": store, "key": key })).await;
                assert_eq!(answer["value"].as_str(), seen.own.get(&key).map(String::as_str), "{key}: {answer}");
            }
        }
    }
    seen
}

/// Holds what is in the table against what the callers saw.
async fn compare(pair: &Pair, all: &[Seen]) {
    for (caller, seen) in all.iter().enumerate() {
        let list = json!({ "store": format!("own {caller}"), "values": true });
        let (answer, _) = pair.call(0, "kv_list", list).await;
        let expected: Vec<Value> = seen.own.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        assert_eq!(answer["entries"], json!(expected), "caller {caller}");
    }
    let (left, _) = pair.call(1, "kv_list", json!({ "store": "queue" })).await;
    let left: Vec<String> = serde_json::from_value(left["keys"].clone()).expect("keys");
    let pushed: BTreeSet<&String> = all.iter().flat_map(|seen| &seen.pushed).collect();
    let found: Vec<&String> = all.iter().flat_map(|seen| &seen.popped).chain(&left).collect();
    let distinct: BTreeSet<&String> = found.iter().copied().collect();
    assert_eq!(distinct.len(), found.len(), "an entry was popped twice, or is there still");
    assert!(distinct.is_subset(&pushed), "an entry was popped that nobody pushed");
    let lost = pushed.len() - distinct.len();
    let unsure: usize = all.iter().map(|seen| seen.unsure_pops).sum();
    assert!(lost <= unsure, "{lost} entries are lost, and {unsure} pops had no answer");
    let sql = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM _hyperdb_kv_store GROUP BY store_name, key HAVING COUNT(*) > 1) AS twice";
    let twice = pair.of(0).call("query", json!({ "sql": sql, "database": DATABASE })).await;
    assert_eq!(twice["result"], json!([{ "n": 0 }]), "{twice}");
}

async fn storm(calls: u64, kills: u32) {
    let pair = Pair::start().await;
    let working = join_all((0..CALLERS).map(|caller| work(&pair, caller, calls / CALLERS)));
    let killing = async {
        for _ in 0..kills {
            tokio::time::sleep(PAUSE).await;
            let status = pair.of(0).call("status", json!({})).await;
            let Some(pid) = status["engine"]["pid"].as_u64() else { continue };
            // It may have died meanwhile.
            let _ = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).output().expect("kill runs");
        }
    };
    let (all, ()) = tokio::join!(working, killing);
    compare(&pair, &all).await;
    pair.stop();
}

/// Proves `kv.one_row_a_key`.
#[tokio::test]
async fn two_servers_agree_on_every_key() {
    storm(320, 0).await;
}

/// Proves `kv.one_row_a_key`, and that it outlives hyperd.
#[tokio::test]
#[ignore = "takes minutes: cargo test -p hyperd-mcp --test processes -- --ignored kv::"]
async fn two_servers_agree_on_every_key_while_hyperd_is_killed() {
    storm(2_000, 20).await;
}
