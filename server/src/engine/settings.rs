//! That nothing stays on a connection which a call's statement has put there.
//!
//! The guard refuses what changes a connection. Should it be mistaken about a statement, the next call on the
//! connection must not suffer for it. So this looks at the statement's letters, and not at its words as the guard
//! does: a setting cannot be changed without them, whatever blanks, quotes and comments stand between.

use super::connection::naming;
use super::lease::Lease;
use crate::call::Call;
use crate::error::Error;
use crate::sql;
use crate::sql::classify::Statement;

/// Letters without which no statement changes a setting; the last ones write a name in another way.
const SETTING_LETTERS: [&str; 5] = ["set", "config", "hyper_", "raw_", "u&"];
/// Letters without which no statement leaves an object on its connection; each list's all must be there.
const OBJECT_LETTERS: [&[&str]; 3] = [&["create", "temp"], &["prepare"], &["declare"]];

/// What a statement may have left on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing: it has not the letters for it.
    None,
    /// A setting, which RESET ALL undoes.
    Setting,
    /// A temporary table, a prepared statement or a cursor, which only the connection's end removes.
    Object,
}

impl Trace {
    /// What a statement may leave behind.
    pub(super) fn of(sql: &str) -> Self {
        let text = sql.to_ascii_lowercase();
        let holds = |letters: &&str| text.contains(*letters);
        if OBJECT_LETTERS.iter().any(|all| all.iter().all(holds)) {
            Self::Object
        } else if SETTING_LETTERS.iter().any(holds) {
            Self::Setting
        } else {
            Self::None
        }
    }
}

impl Lease {
    /// Notes what a statement of a call may leave on the connection.
    pub(super) fn trace(&mut self, sql: &str) -> Result<(), Error> {
        match Trace::of(sql) {
            Trace::None => {}
            Trace::Setting => self.connection()?.has_settings = true,
            Trace::Object => self.retire(),
        }
        Ok(())
    }

    /// Undoes the settings that an earlier call may have left. The search path goes with them and is sent anew.
    pub(super) async fn reset(&mut self, call: &Call) -> Result<(), Error> {
        if !self.connection()?.has_settings {
            return Ok(());
        }
        self.send(call, "RESET ALL").await?;
        let naming = naming(&self.connection()?.name);
        self.send(call, &naming).await?;
        let connection = self.connection()?;
        connection.search_path = None;
        connection.has_settings = false;
        Ok(())
    }

    /// Asks hyperd whether a statement only reads of which the guard is not certain: it says so without doing it.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` where it writes; hyperd's own error where it is no statement.
    pub async fn confirm_read(&mut self, call: &Call, sql: &str, statement: &Statement) -> Result<(), Error> {
        if !statement.holds_write_words {
            return Ok(());
        }
        let explained = sql::explained(sql);
        // Parsed as it is first, so that an error names the place in the user's text.
        let (returns_rows, plan) = match explained {
            Some(inner) => (true, self.rows(call, &format!("EXPLAIN {inner}")).await?),
            None => (self.returns_rows(call, sql).await?, self.rows(call, &format!("EXPLAIN {sql}")).await?),
        };
        let lines = plan.rows.iter().flatten().filter_map(serde_json::Value::as_str).flat_map(str::lines);
        if returns_rows && !lines.into_iter().any(writes) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "`query` only reads, and hyperd says that this {} statement writes; nothing was changed.",
            statement.verb
        ))
        .suggest("Call execute for statements that change data or tables."))
    }
}

/// Whether a line of a plan names an operator that writes: `insert native(2)`, `update(2)`, `delete(2)`,
/// `external-format-export(2)`.
fn writes(line: &str) -> bool {
    let Some((name, number)) = line.trim().split_once('(') else { return false };
    let is_operator = number.strip_suffix(')').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    is_operator && (name.starts_with("insert") || ["update", "delete", "external-format-export"].contains(&name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Trace, writes};

    #[rstest]
    #[case::read("SELECT a FROM t", Trace::None)]
    #[case::set_config("SELECT \u{a0}Set_Config('a', 'b', false)", Trace::Setting)]
    #[case::set("SET/**/x = 1", Trace::Setting)]
    #[case::escaped("SELECT U&\"\\0073et_confi\\0067\"('a', 'b', false)", Trace::Setting)]
    #[case::temporary("CREATE\u{a0}TEMP TABLE t (a int)", Trace::Object)]
    #[case::temporary_schema("CREATE TABLE pg_temp.t (a int)", Trace::Object)]
    #[case::prepared("PREPARE p AS SELECT 1", Trace::Object)]
    fn what_a_statement_may_leave_is_told_by_its_letters(#[case] sql: &str, #[case] trace: Trace) {
        assert_eq!(Trace::of(sql), trace);
    }

    #[rstest]
    #[case::insert("  insert native(2)", true)]
    #[case::update(" update(12)  ", true)]
    #[case::delete("delete(2)", true)]
    #[case::export("external-format-export(2)", true)]
    #[case::scan("  tablescan(3)", false)]
    #[case::text("update(x)", false)]
    #[case::filter("restrict(2): delete(a)", false)]
    fn plans_that_write_are_known(#[case] line: &str, #[case] expected: bool) {
        assert_eq!(writes(line), expected);
    }
}
