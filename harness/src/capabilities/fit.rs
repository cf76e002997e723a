//! Holding an outcome against what a row pins.

use serde_json::{Map, Value};

use super::outcome::{Answer, End, Outcome};
use super::places::Places;
use super::row::{Pinned, Row};
use crate::vars::Vars;

/// Why the outcome is not the pinned one; nothing where it is.
pub fn misfits(row: &Row, outcome: &Outcome) -> Vec<String> {
    match (&row.pinned, &outcome.end) {
        (Pinned::Supported { columns, rows, tag }, End::Supported(answer)) => {
            let mut wrong = Vec::new();
            if let Some(tag) = tag.as_ref().filter(|tag| **tag != answer.tag) {
                wrong.push(format!("the command tag is `{}`, pinned `{tag}`", answer.tag));
            }
            if let Some(columns) = columns.as_ref().filter(|columns| **columns != answer.columns) {
                wrong.push(format!("the columns are {}, pinned {}", listed(&answer.columns), listed(columns)));
            }
            if let Some(rows) = rows {
                let names: Vec<String> = answer.columns.iter().map(|(name, _)| name.clone()).collect();
                let mut out = Vec::new();
                // A row's table has no variables.
                if rows.compare(Some(&names), ("result", &objects(answer)), &Vars::default(), &mut out).is_err() {
                    wrong.push("the pinned rows have a variable in them".to_owned());
                }
                wrong.extend(
                    out.iter()
                        .map(|at| format!("the rows are\n{}pinned\n{}", indent(&at.actual), indent(&at.expected))),
                );
            }
            wrong
        }
        (Pinned::Rejected { sqlstate, message }, End::Rejected(refusal)) => {
            let mut wrong = Vec::new();
            if *sqlstate != refusal.sqlstate {
                wrong.push(format!("the SQLSTATE is {}, pinned {sqlstate}", refusal.sqlstate));
            }
            if !refusal.message.contains(message.as_str()) {
                wrong.push(format!("the message is `{}`, pinned a part `{message}`", refusal.message));
            }
            wrong
        }
        // Whoever pins a crash says with all the statements before it that they do no harm.
        (Pinned::Crashes, End::Crashed(at)) if at.statement == row.statements.len() => Vec::new(),
        (Pinned::Supported { .. }, _) => vec![format!("{outcome}; pinned as supported")],
        (Pinned::Rejected { sqlstate, message }, _) => {
            vec![format!("{outcome}; pinned as rejected with {sqlstate} `{message}`")]
        }
        (Pinned::Crashes, _) => {
            vec![format!("{outcome}; pinned as a crash of hyperd at statement {}, the last one", row.statements.len())]
        }
    }
}

/// What a failing trial shows: what was tried, what came, why it matters.
pub fn render(row: &Row, outcome: &Outcome, misfits: &[String]) -> String {
    let statements = row.statements.iter().filter_map(super::row::Statement::sql).map(|sql| format!("    {sql}\n"));
    format!(
        "{}: {}\n  {}\n  came: {outcome}\n  sql:\n{}  why it matters: {}\nagain, alone: hyper-conform capabilities {}\n",
        row.span.place(),
        row.id,
        misfits.join("\n  "),
        statements.collect::<String>(),
        row.why,
        row.id,
    )
}

fn listed(columns: &[(String, String)]) -> String {
    let named: Vec<String> = columns.iter().map(|(name, sql_type)| format!("{name} {sql_type}")).collect();
    format!("({})", named.join(", "))
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |out, line| out + "    " + line + "\n")
}

fn objects(answer: &Answer) -> Value {
    let object = |row: &Vec<Option<String>>| {
        let cells = answer.columns.iter().zip(row);
        let map: Map<String, Value> = cells
            .map(|((name, sql_type), text)| {
                (name.clone(), text.as_ref().map_or(Value::Null, |text| value(sql_type, text)))
            })
            .collect();
        Value::from(map)
    };
    answer.rows.iter().map(object).collect()
}

/// A value as a scenario's table writes it: numbers that JSON keeps exactly are numbers, all else is a text.
fn value(sql_type: &str, text: &str) -> Value {
    let number = match sql_type {
        "SMALLINT" | "INTEGER" | "BIGINT" | "OID" => text.parse::<i64>().ok().map(Value::from),
        "REAL" | "DOUBLE PRECISION" => text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Value::from),
        "BOOLEAN" => Some(Value::from(text == "t")),
        _ => None,
    };
    number.unwrap_or_else(|| Value::from(text))
}

/// The places of a run, folded away from everything that the outcome says.
pub(super) fn fold(outcome: &mut Outcome, places: &Places) {
    let fold = |text: &mut String| *text = places.fold(text);
    outcome.before.iter_mut().for_each(fold);
    match &mut outcome.end {
        End::Supported(answer) => answer.rows.iter_mut().flatten().flatten().for_each(fold),
        End::Rejected(refusal) | End::Unprepared(refusal) => {
            fold(&mut refusal.message);
            refusal.detail.as_mut().into_iter().chain(&mut refusal.hint).for_each(fold);
        }
        End::Crashed(_) | End::Disconnected(_) | End::Hung(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{misfits, render};
    use crate::capabilities::outcome::{End, Outcome, Refusal, Stopped};
    use crate::capabilities::row::{Pinned, Row};

    fn supported() -> Pinned {
        Pinned::Supported { columns: None, rows: None, tag: Some("SELECT 1".to_owned()) }
    }

    fn rejected() -> Pinned {
        Pinned::Rejected { sqlstate: "0A000".to_owned(), message: "no such".to_owned() }
    }

    #[rstest]
    #[case::supported(supported(), End::tagged("SELECT 1"), true)]
    #[case::another_tag(supported(), End::tagged("SELECT 2"), false)]
    #[case::refused_where_supported(supported(), End::refusing(3), false)]
    #[case::crash_where_supported(supported(), End::crash(3), false)]
    #[case::refused(rejected(), End::refusing(3), true)]
    #[case::supported_where_refused(rejected(), End::tagged("SELECT 1"), false)]
    #[case::crash_where_refused(rejected(), End::crash(3), false)]
    #[case::crash(Pinned::Crashes, End::crash(3), true)]
    #[case::crash_before_the_last_statement(Pinned::Crashes, End::crash(2), false)]
    #[case::crash_in_the_setup(Pinned::Crashes, End::crash(0), false)]
    #[case::supported_where_a_crash_is_pinned(Pinned::Crashes, End::tagged("SELECT 1"), false)]
    #[case::refused_where_a_crash_is_pinned(Pinned::Crashes, End::refusing(3), false)]
    #[case::unprepared_where_a_crash_is_pinned(Pinned::Crashes, End::Unprepared(Refusal::of(1)), false)]
    #[case::closed_where_a_crash_is_pinned(Pinned::Crashes, End::Disconnected(Stopped { statement: 3 }), false)]
    #[case::hung_where_a_crash_is_pinned(Pinned::Crashes, End::Hung(Stopped { statement: 3 }), false)]
    fn only_what_is_pinned_fits(#[case] pinned: Pinned, #[case] end: End, #[case] fits: bool) {
        let misfits = misfits(&Row::pinning(pinned), &Outcome::ending(end));
        assert_eq!(misfits.is_empty(), fits, "{misfits:?}");
    }

    #[test]
    fn a_crash_that_is_no_more_is_told_beside_what_came() {
        let (row, outcome) = (Row::pinning(Pinned::Crashes), Outcome::ending(End::tagged("SELECT 1")));
        let told = render(&row, &outcome, &misfits(&row, &outcome));
        let expected = "supported: SELECT 1; pinned as a crash of hyperd at statement 3, the last one\n";
        assert!(told.contains(expected), "{told}");
    }
}
