//! `execute`

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{DatabaseName, Stats, Target, elapsed_ms};
use crate::call::Call;
use crate::context::Context;
use crate::engine::Lease;
use crate::error::Error;
use crate::limits;
use crate::session::NewTable;
use crate::sql::classify::Kind;
use crate::sql::guard::{self, Batch};
use crate::tool::{Access, Effect, Tool};

/// Run statements that change data or tables. Several INSERT, UPDATE, DELETE and the like run in one transaction: all
/// of them or none. CREATE, DROP and ALTER go alone, one to a call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// One statement, or a list of them.
    sql: Statements,
    database: Option<DatabaseName>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Statements {
    One(#[schemars(length(min = 1, max = limits::SQL_CHARS_MAX))] String),
    Many(
        #[schemars(length(min = 1, max = limits::STATEMENTS_MAX), inner(length(max = limits::SQL_CHARS_MAX)))]
        Vec<String>,
    ),
}

/// What one statement did.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outcome {
    sql: String,
    affected_rows: u64,
    elapsed_ms: f64,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// How many statements ran.
    statements: usize,
    affected_rows: u64,
    per_statement: Vec<Outcome>,
    resolved_database: String,
    stats: Stats,
}

pub(super) struct Execute;

impl Tool for Execute {
    const NAME: &'static str = "execute";
    const ACCESS: Access = Access::Write(Effect { destructive: true, idempotent: false });
    type Params = Params;
    type Output = Output;

    async fn call(context: &Context, call: &Call, params: Params) -> Result<Output, Error> {
        let start = Instant::now();
        let session = context.session();
        let target = Target::new(params.database, None);
        let database = session.resolve_writable(&target)?;
        let statements = match params.sql {
            Statements::One(sql) => vec![sql],
            Statements::Many(list) => list,
        };
        let bytes = statements.iter().map(String::len).sum();
        let look = move || guard::batch(&statements).map(|batch| (statements, batch));
        let (statements, Batch { targets, only }) = call.compute(bytes, look).await??;
        let written = session.written(&database, &targets)?;
        let (mut beside, mut alone) = (Vec::new(), Vec::new());
        for written in &written {
            match only {
                Some(Kind::Dml) => beside.push(session.rows_lock(call, written).await?),
                _ => alone.push(session.write_lock(call, written).await?),
            }
        }
        let mut lease = session.lease(call, &database).await?;
        let new = match &statements[..] {
            [only] => NewTable::of(&mut lease, call, &database, only).await,
            _ => None,
        };
        let per_statement = match run(&mut lease, call, statements).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                lease.rollback().await;
                drop(lease);
                if let Some(new) = new {
                    new.discard(session, call, &database, &error).await;
                }
                return Err(session.of_old_file(error, &target));
            }
        };
        drop(lease);
        if only == Some(Kind::Ddl)
            && let [outcome] = &per_statement[..]
        {
            session.follow(call, &database, &written, &outcome.sql).await;
        }
        let affected_rows = per_statement.iter().map(|outcome| outcome.affected_rows).sum();
        Ok(Output {
            statements: per_statement.len(),
            affected_rows,
            per_statement,
            resolved_database: database.alias,
            stats: Stats::since(start, Some(affected_rows)),
        })
    }
}

async fn run(lease: &mut Lease, call: &Call, statements: Vec<String>) -> Result<Vec<Outcome>, Error> {
    let together = statements.len() > 1;
    if together {
        lease.reserve(call, &statements).await?;
        lease.begin(call).await?;
    }
    let count = statements.len();
    let mut outcomes = Vec::with_capacity(count);
    for (index, sql) in statements.into_iter().enumerate() {
        let start = Instant::now();
        let affected_rows = lease.execute(call, &sql).await.map_err(|mut error| {
            if together {
                error.message = format!("Statement {} of {count}: {}\nNone was applied.", index + 1, error.message);
            }
            error
        })?;
        outcomes.push(Outcome { sql, affected_rows, elapsed_ms: elapsed_ms(start) });
    }
    if together {
        lease.commit(call).await?;
    }
    Ok(outcomes)
}
