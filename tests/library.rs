//! The library as the author of another server uses it: no hyperd, a server of their own, scenarios in a folder or a text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::target::{Demo, InProcess};
use hyper_conform::{Engines, Stage, Suite, Verdict, check, check_text, plan, run};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, InitializeResult, ServerCapabilities,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;

/// A server with one tool, which greets.
#[derive(Clone, Default)]
struct Greeter;

impl ServerHandler for Greeter {
    fn get_info(&self) -> InitializeResult {
        InitializeResult::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        Ok(match arguments.get("name").and_then(|name| name.as_str()) {
            Some(name) => CallToolResult::structured(json!({ "greeting": format!("Hello, {name}!") })).into(),
            None => CallToolResult::structured_error(json!({ "error": { "code": "NO_NAME" } })).into(),
        })
    }
}

const GREETINGS: &str = "
feature: Greetings
scenarios:
  - scenario: who has a name is greeted
    steps:
      - call: greet
        with: { name: Ada }
        expect: { greeting: \"Hello, Ada!\" }
  - scenario: who has none is refused
    steps:
      - call: greet
        error: { code: NO_NAME }
";

#[tokio::test]
async fn a_server_of_ones_own_is_checked() {
    let summary = check_text(InProcess::new("greeter", Greeter::default), GREETINGS).await.unwrap();
    assert_eq!(summary.passed, 2);
}

#[tokio::test]
async fn a_folder_of_scenarios_needs_no_requirements() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("greet")).unwrap();
    std::fs::write(folder.path().join("greet/hello.yaml"), GREETINGS).unwrap();
    let greeter = || InProcess::new("greeter", || Arc::new(Greeter));
    assert_eq!(check(greeter(), folder.path()).await.unwrap().passed, 2);

    std::fs::write(folder.path().join("greet/broken.yaml"), GREETINGS.replace("Hello, Ada!", "Bye, Ada!")).unwrap();
    let unmet = check(greeter(), folder.path()).await.unwrap_err().to_string();
    assert!(unmet.contains("greet/broken.yaml:8:") && unmet.contains("Bye, Ada!"), "{unmet}");
}

#[tokio::test]
async fn a_panic_is_the_end_of_its_case_and_not_of_the_run() {
    let begun = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let panics_once = move || {
        assert!(begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0, "the first server is broken");
        Greeter
    };
    let unmet = check_text(InProcess::new("broken", panics_once), GREETINGS).await.unwrap_err().to_string();
    assert!(unmet.contains("something panicked in this case"), "{unmet}");
    assert!(unmet.contains("the first server is broken"), "{unmet}");
    assert_eq!(unmet.matches("error: ").count(), 1, "the other case passes: {unmet}");
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let unmet = check_text(Demo, "feature: Nothing\nscenarios: []\n").await.unwrap_err();
    assert!(unmet.to_string().contains("text.yaml:2:12"), "{unmet}");
    let unmet = check_text(Demo, &format!("requirements: [a.b]{GREETINGS}")).await.unwrap_err();
    assert!(unmet.to_string().contains("there is no requirement `a.b`"), "{unmet}");
}

/// With an executable that is not there, whoever looked for a hyperd would fail.
fn stage_without_hyperd() -> Stage {
    let engines = Engines::with_executable(PathBuf::from("no/such/hyperd"), None);
    Stage::new(Arc::new(Demo), engines, Path::new("scenarios"), false)
}

fn verdicts(text: &str) -> Vec<Verdict> {
    let suite = Suite::of_text(text).unwrap();
    plan::cases(&suite).iter().map(|case| run::run_case(case, &stage_without_hyperd()).verdict).collect()
}

#[test]
fn no_hyperd_is_looked_for_where_the_target_needs_none() {
    let echo = "steps: [{ call: echo, with: { text: $(hyper.version) }, expect: { text: none } }]";
    let found = verdicts(&format!("feature: None\nscenarios: [{{ scenario: a, {echo} }}]"));
    assert!(matches!(found.as_slice(), [Verdict::Pass]), "{found:?}");
}

#[test]
fn what_a_run_does_not_have_is_not_applicable() {
    let needs = ["needs: { hyper: '>=0.0.1' }", "needs: { target: other }", "needs: { protocol: '>=2026-07-28' }"];
    for needs in needs {
        let steps = "steps: [{ call: echo, with: { text: a }, expect: any }]";
        let found = verdicts(&format!("feature: Needs\nscenarios:\n  - {{ scenario: a, {needs}, {steps} }}\n"));
        let [Verdict::NotApplicable(reason)] = found.as_slice() else { panic!("{needs}: {found:?}") };
        assert!(reason.starts_with("needs "), "{reason}");
    }
    let private =
        "feature: P\nserver: { engine: private }\nscenarios: [{ scenario: a, steps: [{ list: tools, expect: any }] }]";
    assert!(matches!(verdicts(private).as_slice(), [Verdict::NotApplicable(_)]));
}
