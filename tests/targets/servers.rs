//! Servers that misbehave, each a few words of shell around our own program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::source::Source;
use hyper_conform::target::TargetFile;
use hyper_conform::{CaseReport, Engines, Selection, Stage, Suite, Verdict, plan, report, run};
use libtest_mimic::{Failed, Trial};

/// A server that is started with `$0`, and what must come of a case against it.
struct Odd {
    name: &'static str,
    shell: &'static str,
    start_timeout: &'static str,
    /// Whether it shakes hands, so that what it does is its failure and not the stage's.
    runs: bool,
    told: &'static [&'static str],
}

const ODD: [Odd; 5] = [
    Odd {
        name: "prints_a_banner",
        shell: "echo Welcome to the server; exec \"$0\" \"$@\"",
        start_timeout: "60s",
        runs: true,
        told: &["no JSON-RPC message", "Welcome to the server"],
    },
    Odd {
        name: "ends_while_its_client_is_connected",
        shell: "for i in 1 2 3; do read -r line; printf '%s\\n' \"$line\"; done | \"$0\" \"$@\"",
        start_timeout: "60s",
        runs: true,
        told: &["while its client was connected"],
    },
    Odd {
        name: "ends_at_once",
        shell: "echo the vault is shut >&2; exit 7",
        start_timeout: "60s",
        runs: false,
        told: &["exit status: 7", "the vault is shut"],
    },
    Odd {
        name: "never_shakes_hands",
        shell: "echo thinking >&2; sleep 600 & sleep 600",
        start_timeout: "1s",
        runs: false,
        told: &["did not shake hands within 1s", "thinking"],
    },
    Odd {
        name: "is_not_there",
        shell: "",
        start_timeout: "60s",
        runs: false,
        told: &["there is no program", "build it yourself"],
    },
];

pub(super) fn trials(root: &Path) -> Vec<Trial> {
    let trial = |odd: &'static Odd| {
        let root = root.to_owned();
        Trial::test(format!("servers::{}", odd.name), move || check(odd, &root))
    };
    ODD.iter().map(trial).collect()
}

fn check(odd: &Odd, root: &Path) -> Result<(), Failed> {
    let report = run_against(odd, root)?;
    let text = report::failure::render(&report, false);
    let as_told = match report.verdict {
        Verdict::Fail(_) => odd.runs,
        Verdict::CouldNotRun(_) => !odd.runs,
        _ => false,
    };
    let missing: Vec<&&str> = odd.told.iter().filter(|part| !text.contains(**part)).collect();
    if as_told && missing.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!("{missing:?} is missing, or the verdict is another:\n{text}")))
}

fn run_against(odd: &Odd, root: &Path) -> Result<CaseReport, Failed> {
    let program = if odd.shell.is_empty() { "no-such-server" } else { "/bin/sh" };
    let server = server()?;
    let text = format!(
        "kind = 'command'\nengine = 'endpoint'\nprogram = '{program}'\ninstall = 'build it yourself'\n\
         args = ['-c', '''{}''', '{}', '--endpoint', '$(endpoint)']\n\
         start_timeout = '{}'\nstop_timeout = '300ms'\n[options]\npersistent = ['--persistent-db', '$(persistent)']\n",
        odd.shell,
        server.display(),
        odd.start_timeout,
    );
    let source = Source { shown: format!("{}.toml", odd.name), path: PathBuf::from("odd.toml"), text };
    let target = TargetFile::parse(&Arc::new(source)).map_err(|problems| super::told(&problems))?;
    let suite = Suite::load(root).map_err(|problems| super::told(&problems))?;
    let selection = Selection { filters: vec!["route::defaults::a_call".to_owned()], ..Selection::default() };
    let cases = plan::select(&suite, &selection)?;
    let stage = Stage::new(Arc::new(target), Engines::default(), root, false);
    let report = run::run_case(&cases[0], &stage);
    stage.engines.stop();
    Ok(report)
}

/// Our own server's program, which `cargo test` builds with the workspace.
fn server() -> Result<PathBuf, Failed> {
    let here = std::env::current_exe()?;
    let found = here.ancestors().map(|folder| folder.join("hyperd-mcp")).find(|path| path.is_file());
    found.ok_or_else(|| Failed::from("hyperd-mcp is not built: cargo build --package hyperd-mcp"))
}
