//! A suite of its own for recordings, and a client that speaks to the recorder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::source::{Diagnostic, Source};
use hyper_conform::target::{Duplex, Target, TargetFile, find};
use hyper_conform::{Case, CaseReport, Engines, Stage, Suite, Verdict, plan, report, run};
use tempfile::TempDir;

/// The recorder.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hyper-conform");

/// The id that recordings are given; the suite that they are written into does not ask what they prove.
pub(crate) const REQUIREMENT: &str = "load.append";

/// A folder `scenarios` with requirements and targets, and nothing recorded yet.
pub(crate) struct Bench {
    pub(crate) root: PathBuf,
    pub(crate) engines: Engines,
    folder: TempDir,
}

/// The repository's own suite.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios")
}

pub(crate) fn told(problems: &[Diagnostic]) -> String {
    problems.iter().map(|problem| problem.render(false)).collect::<Vec<_>>().join("\n\n")
}

impl Bench {
    pub(crate) fn new(engines: Engines) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("scenarios");
        fs::create_dir_all(root.join("targets")).expect("a folder");
        for name in ["requirements.yaml", "targets/hyperd-mcp-stdio.toml"] {
            fs::copy(shipped().join(name), root.join(name)).expect("a copy");
        }
        Self { root, engines, folder }
    }

    /// A folder of a person's own, outside of the suite.
    pub(crate) fn home(&self) -> PathBuf {
        let home = self.folder.path().join("home");
        fs::create_dir_all(&home).expect("a folder");
        home
    }

    /// Where the recording of that name goes.
    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.root.join("recorded").join(format!("{name}.yaml"))
    }

    /// A target whose server is the recorder in front of ours.
    pub(crate) fn recorder(&self, name: &str) -> TargetFile {
        let args = [
            "record",
            "--force",
            "--out",
            &self.out(name).to_string_lossy(),
            "--requirement",
            REQUIREMENT,
            "--",
            &server().to_string_lossy(),
            "--endpoint",
            "$(endpoint)",
        ]
        .map(|arg| format!("'{arg}'"));
        let options = fs::read_to_string(shipped().join("targets/hyperd-mcp-stdio.toml")).expect("the target");
        let (_, options) = options.split_once("[options]").expect("its options");
        let text = format!(
            "kind = 'command'\nengine = 'endpoint'\nprogram = '{PROGRAM}'\nargs = [{}]\nenv = {{ TMPDIR = '$(scratch)' }}\n\
             start_timeout = '60s'\n[options]{options}",
            args.join(", ")
        );
        let source = Source { shown: format!("{name}.toml"), path: PathBuf::from("recorder.toml"), text };
        TargetFile::parse(&Arc::new(source)).unwrap_or_else(|problems| panic!("{}", told(&problems)))
    }

    pub(crate) fn stage(&self, target: Arc<dyn Target>, root: &Path) -> Stage {
        Stage::new(target, self.engines.clone(), root, false)
    }

    /// Runs a case of the shipped suite through the recorder.
    pub(crate) fn record(&self, case: &Case, name: &str) -> Verdict {
        let stage = self.stage(Arc::new(self.recorder(name)), &shipped());
        run::run_case(case, &stage).verdict
    }

    /// Everything that was recorded.
    pub(crate) fn suite(&self) -> Suite {
        Suite::load(&self.root).unwrap_or_else(|problems| panic!("{}", told(&problems)))
    }

    /// What does not pass of everything that was recorded, against ours in this process and as one of its own.
    pub(crate) fn failures(&self) -> Vec<CaseReport> {
        let cases = plan::cases(&self.suite());
        let ours: Arc<dyn Target> = Arc::new(Duplex);
        let process = find(&self.root, "hyperd-mcp-stdio").expect("the target");
        let mut failures = Vec::new();
        for target in [ours, process] {
            let stage = self.stage(target, &self.root);
            let reports = hyper_conform::run_all(&cases, &stage, hyper_conform::jobs_default(), |_| true);
            failures.extend(reports.into_iter().filter(|report| !matches!(report.verdict, Verdict::Pass)));
        }
        failures
    }

    /// Everything that was recorded passes, or this panics with what does not.
    pub(crate) fn all_pass(&self) {
        let failures = self.failures();
        let shown: Vec<String> = failures.iter().map(|report| report::failure::render(report, false)).collect();
        assert!(failures.is_empty(), "{}", shown.join("\n"));
    }
}

/// Our own server's program, which a build of the workspace makes.
pub(crate) fn server() -> PathBuf {
    let server = Path::new(PROGRAM).with_file_name("hyperd-mcp");
    assert!(server.is_file(), "{} is not there: cargo build --package hyperd-mcp", server.display());
    server
}
