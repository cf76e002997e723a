//! What the runner costs over a bare rmcp client that does the same calls, and how long 200 scenarios of 5 calls take.
//!
//! `cargo bench -p hyper-conform --bench overhead`; `--profile dev` measures the build that `cargo test` runs. Both sides
//! are measured in the same run, one after the other, several times; the best of each is shown.
#![expect(clippy::print_stdout, reason = "a benchmark is read by a person")]

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_conform::target::InProcess;
use hyper_conform::{Case, Engines, Stage, Suite, Verdict, plan, run_all};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, InitializeResult, ServerCapabilities,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};

const SCENARIOS: u32 = 200;
const CALLS: u32 = 5;
const ROUNDS: usize = 5;
const PIPE_BYTES_MAX: usize = 64 * 1024;

/// Answers with what it was asked.
#[derive(Clone, Default)]
struct Echo;

impl ServerHandler for Echo {
    fn get_info(&self) -> InitializeResult {
        InitializeResult::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::structured(Value::from(request.arguments.unwrap_or_default())).into())
    }
}

fn main() {
    let suite = Suite::of_text(&scenarios()).expect("the scenarios are valid");
    let cases = plan::cases(&suite);
    let engines = Engines::default();
    let stage = Stage::new(Arc::new(InProcess::new("echo", Echo::default)), engines, Path::new(""), false);
    let best = |measure: &dyn Fn() -> Duration| (0..ROUNDS).map(|_| measure()).min().unwrap_or_default();
    let bare = best(&raw);
    let one = best(&|| suite_time(&cases, &stage, 1));
    let two = best(&|| suite_time(&cases, &stage, 2));
    let steps = SCENARIOS * CALLS;
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{SCENARIOS} sessions of {CALLS} calls, best of {ROUNDS} rounds");
    println!("bare rmcp client, one thread:  {:8.1} ms, {:.3} ms a call", millis(bare), millis(bare / steps));
    println!("scenarios, one at a time:      {:8.1} ms, {:.3} ms a step", millis(one), millis(one / steps));
    println!("scenarios, two at a time:      {:8.1} ms, {:.3} ms a step", millis(two), millis(two / steps));
    println!("overhead, one at a time:       {:.3} ms a step", millis(one.saturating_sub(bare) / steps));
}

/// One scenario, in as many cases as there are sessions.
fn scenarios() -> String {
    let numbers: Vec<String> = (0..SCENARIOS).map(|number| number.to_string()).collect();
    let step = "      - call: echo\n        with: { text: hello, number: $(n) }\n        expect: { text: hello, number: $(n) }\n";
    let steps = step.repeat(CALLS as usize);
    format!(
        "feature: Echo\nscenarios:\n  - scenario: it echoes\n    matrix: {{ n: [{}] }}\n    steps:\n{steps}",
        numbers.join(", ")
    )
}

fn suite_time(cases: &[Case], stage: &Stage, jobs: usize) -> Duration {
    let jobs = NonZero::new(jobs).unwrap_or(NonZero::<usize>::MIN);
    let began = Instant::now();
    let reports = run_all(cases, stage, jobs, |_| true);
    let took = began.elapsed();
    assert!(reports.iter().all(|report| matches!(report.verdict, Verdict::Pass)), "the scenarios pass");
    took
}

/// The same sessions and calls, each session on a runtime of its own as a scenario has it, and with the same checks.
fn raw() -> Duration {
    let began = Instant::now();
    for number in 0..SCENARIOS {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(session(number));
    }
    began.elapsed()
}

async fn session(number: u32) {
    let (client_end, server_end) = tokio::io::duplex(PIPE_BYTES_MAX);
    tokio::spawn(async move {
        if let Ok(running) = Echo.serve(server_end).await {
            drop(running.waiting().await);
        }
    });
    let client = ().serve(client_end).await.expect("a handshake");
    for _ in 0..CALLS {
        let arguments = json!({ "text": "hello", "number": number });
        let params =
            CallToolRequestParams::new("echo").with_arguments(arguments.as_object().cloned().unwrap_or_default());
        let answer = client.call_tool(params).await.expect("an answer");
        assert_eq!(answer.structured_content, Some(arguments));
    }
    let _ = client.cancel().await;
}
