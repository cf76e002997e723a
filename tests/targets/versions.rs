//! Expected failures that are said of some versions of a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_conform::source::Source;
use hyper_conform::target::expected::{Known, Reading};
use hyper_conform::target::{self, Demo, Expected, Protocol};
use hyper_conform::{CaseReport, Engines, Stage, Suite, Verdict, plan, report, run};
use libtest_mimic::{Failed, Trial};

/// One that fails and one that passes.
const SCENARIOS: &str = "
feature: Echo
scenarios:
  - { scenario: fails, steps: [{ call: echo, with: { text: a }, expect: { text: b } }] }
  - { scenario: passes, steps: [{ call: echo, with: { text: a }, expect: { text: a } }] }
";

/// Both cases listed, with a range in the place of `%`.
const LIST: &str = "
[[expected]]
reason = \"it echoes badly\"
versions = \"%\"
cases = 2
ids = [\"text::fails\", \"text::passes\"]
";

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("expected::the_server_s_version_is_known_in_either_life_cycle", in_either_life_cycle),
        Trial::test("expected::an_entry_holds_for_its_versions_alone", its_versions_alone),
        Trial::test("expected::a_case_can_fail_otherwise_in_another_version", otherwise_in_another),
        Trial::test("expected::entries_of_other_versions_stay_when_the_list_is_written_anew", stay),
    ]
}

/// What comes of the two cases when this is expected of them.
fn judged(expected: Expected) -> Result<[CaseReport; 2], Failed> {
    judged_in(Protocol::default(), expected)
}

fn judged_in(protocol: Protocol, expected: Expected) -> Result<[CaseReport; 2], Failed> {
    let suite = Suite::of_text(SCENARIOS).map_err(|problems| super::told(&problems))?;
    let mut stage = Stage::new(Arc::new(Demo), Engines::default(), Path::new("scenarios"), false);
    (stage.expected, stage.protocol) = (expected, protocol);
    let reports: Vec<CaseReport> = plan::cases(&suite).iter().map(|case| run::run_case(case, &stage)).collect();
    <[CaseReport; 2]>::try_from(reports).map_err(|reports| Failed::from(format!("{} reports", reports.len())))
}

/// The version that the server says it has.
fn version() -> Result<String, Failed> {
    let [report, _] = judged(Expected::default())?;
    report.server_version.ok_or_else(|| Failed::from("the server's version is not known"))
}

fn known() -> Vec<Known> {
    ["text::fails", "text::passes"].map(|id| Known { id: id.to_owned(), unmet: None }).to_vec()
}

fn list(text: &str) -> Result<Expected, Failed> {
    let source = Source { shown: "list.toml".to_owned(), path: PathBuf::from("list.toml"), text: text.to_owned() };
    Expected::parse(&Arc::new(source), &known(), Reading::Strict).map_err(|problems| super::told(&problems))
}

fn require(holds: bool, report: &CaseReport) -> Result<(), Failed> {
    let text = report::failure::render(report, false);
    if holds { Ok(()) } else { Err(Failed::from(format!("{}: {:?}\n{text}", report.id, report.verdict))) }
}

fn in_either_life_cycle() -> Result<(), Failed> {
    let version = version()?;
    for report in judged_in("2026-07-28".parse()?, Expected::default())? {
        require(report.server_version.as_ref() == Some(&version), &report)?;
    }
    Ok(())
}

fn its_versions_alone() -> Result<(), Failed> {
    let version = version()?;
    let [fails, passes] = judged(list(&LIST.replace('%', &version))?)?;
    require(matches!(fails.verdict, Verdict::ExpectedFailure { .. }), &fails)?;
    require(report::failure::render(&passes, false).contains("this entry is stale"), &passes)?;

    let [fails, passes] = judged(list(&LIST.replace('%', &format!(">{version}")))?)?;
    let text = report::failure::render(&fails, false);
    let told = format!("expected to fail in other versions than this one, which is {version}");
    require(
        matches!(fails.verdict, Verdict::Fail(_)) && text.contains(&told) && text.contains("list.toml:6:8"),
        &fails,
    )?;
    require(matches!(passes.verdict, Verdict::Pass), &passes)
}

fn otherwise_in_another() -> Result<(), Failed> {
    let version = version()?;
    let entry = |reason: &str, versions: &str| {
        format!("[[expected]]\nreason = '{reason}'\nversions = '{versions}{version}'\nids = ['text::fails']\n")
    };
    let [fails, _] = judged(list(&[entry("before", "<"), entry("since", ">=")].concat())?)?;
    require(fails.reason() == Some("since"), &fails)
}

fn stay() -> Result<(), Failed> {
    let version = version()?;
    let text = LIST.replace('%', &format!(">{version}"));
    let before = list(&text)?;
    let reports = judged(list(&text)?)?;
    let new = target::rewrite(&before, &reports, &known());
    let expected = format!(
        "\n[[expected]]\nreason = \"it echoes badly\"\nversions = \">{version}\"\ncases = 2\nids = [\n    \"text::*\",\n]\n\
         \n[[expected]]\n# the answer is not what `call: echo` expects: 1 difference\nreason = \"\"\ncases = 1\nids = [\n    \"text::fails\",\n]\n"
    );
    let as_expected = new.text == expected && (new.added, new.removed) == (1, 0);
    if as_expected { Ok(()) } else { Err(Failed::from(format!("{new:?}"))) }
}
