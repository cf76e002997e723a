//! GitHub Actions: annotations at the lines of scenarios, and the job's summary.

use super::{RunReport, Tested, failure};
use crate::run::Failure;

/// GitHub refuses a summary of more than 1 MiB; this leaves room for what other steps add to theirs.
const SUMMARY_BYTES_MAX: usize = 512 * 1024;

/// A workflow command for each thing that was not as expected.
pub fn commands(run: &RunReport) -> String {
    let mut out = String::new();
    for tested in run.tested().iter().filter(|tested| !tested.outcome.is_green()) {
        let failures = tested.bad().flat_map(crate::CaseReport::failures);
        // Attempts that failed alike are one annotation: GitHub shows few of them.
        let all: std::collections::BTreeSet<String> = failures.map(|failure| command(run, tested, failure)).collect();
        out.extend(all);
    }
    out
}

fn command(run: &RunReport, tested: &Tested<'_>, failure: &Failure) -> String {
    let place = run.place(&failure.span);
    let flake = tested.flake().map_or_else(String::new, |flake| format!("{flake}\n"));
    let message = format!("{flake}{}\n{}", failure.headline(), failure::differences(failure));
    format!(
        "::error file={},line={},col={},title={}::{}\n",
        property(&place.file),
        place.line,
        place.column,
        property(&tested.case().id),
        data(message.trim_end()),
    )
}

/// What stands behind `::` may hold all but the ends of lines and the escape itself; other control characters would only
/// trouble the log.
fn data(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t')).collect();
    clean.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property ends at a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The job's summary, as Markdown.
pub fn summary(run: &RunReport) -> String {
    let figures = run.summary();
    let hyperd = run.hyperd.as_ref().map_or_else(String::new, |release| format!(", hyperd {release}"));
    let mut out = format!(
        "## Scenarios: {}\n\n{} in {:.1} s against {}{hyperd}.\n",
        figures.line(),
        times(figures.times.len(), "run"),
        run.wall.as_secs_f64(),
        text(&run.target),
    );
    if let Some(why) = run.cut_short {
        out.push_str(&format!("\nCut short ({}): {} did not begin.\n", why.why(), figures.not_begun));
    }
    for tested in run.tested().iter().filter(|tested| !tested.outcome.is_green()) {
        let part = details(run, tested);
        if out.len() + part.len() > SUMMARY_BYTES_MAX {
            out.push_str("\nThe rest is left out: a summary has a limit. The log has all of it.\n");
            break;
        }
        out.push_str(&part);
    }
    out.push('\n');
    out
}

fn details(run: &RunReport, tested: &Tested<'_>) -> String {
    let Some(first) = tested.first_failure() else { return String::new() };
    let place = run.place(&first.span);
    let reports: Vec<String> = tested.bad().map(|report| failure::found(report, tested.attempts.len())).collect();
    let flake = tested.flake().map_or_else(String::new, |flake| format!("{flake}\n\n"));
    // Preformatted by tags, because what a server says may hold any number of backticks.
    format!(
        "\n<details><summary><b>{}</b> <code>{}</code></summary>\n\n<pre>{}</pre>\n\n{}:{}\n\n</details>\n",
        tested.outcome.word(),
        text(&tested.case().id),
        text(&format!("{flake}{}", reports.join("\n"))).replace('\n', "&#10;"),
        text(&place.file),
        place.line,
    )
}

/// Text in HTML in Markdown. An empty line would end the HTML, and control characters mean nothing there.
fn text(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn times(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_run_as_workflow_commands() {
        let commands = commands(&fixture::run());
        assert!(commands.lines().all(|line| line.starts_with("::error file=")), "{commands}");
        fixture::golden("github.txt", &commands);
    }

    #[test]
    fn a_run_as_a_summary() {
        fixture::golden("github.md", &summary(&fixture::run()));
    }

    #[test]
    fn a_summary_stays_within_the_limit() {
        let mut run = fixture::run();
        let one = run.cases[1].clone();
        run.cases =
            (0..4000).map(|n| crate::CaseReport { id: format!("area::file::n{n:04}"), ..one.clone() }).collect();
        let summary = summary(&run);
        assert!(summary.len() < SUMMARY_BYTES_MAX + 200, "{} bytes", summary.len());
        assert!(summary.ends_with("The log has all of it.\n\n"), "{}", &summary[summary.len() - 200..]);
    }
}
