//! The guard against hyperd: whatever passes it is run on a bare connection, where nothing else protects, and must not
//! have done more than the guard said.

use std::path::Path;

use hyperd_mcp::call::Call;
use hyperd_mcp::config::EngineSource;
use hyperd_mcp::engine::{Attachment, Attachments, Bounds, Confinement, Engine, Lane, Lease};
use hyperd_mcp::limits::Limits;
use hyperd_mcp::sql::guard;
use serde_json::{Value, json};

use crate::grammar::statement;
use crate::random::{Random, named_seed};
use crate::support::Running;

const DATABASES: [&str; 2] = ["local", "lake"];
const SETTINGS: [&str; 4] = ["date_style", "query_timeout", "timezone", "schema_search_path"];

/// A hyperd with a database for calls and one that none may change, and nothing that keeps them apart.
struct Bare {
    engine: Engine,
    folder: tempfile::TempDir,
    rounds: u64,
    attachments: Attachments,
}

/// What can be seen of the databases, the session and the folder.
#[derive(Debug, PartialEq, Eq)]
struct State {
    local: Vec<String>,
    lake: Vec<String>,
    session: Vec<String>,
    files: Vec<String>,
}

impl Bare {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::write(folder.path().join("in.csv"), "7,seven\n").expect("a file can be written");
        let hyperd = crate::support::hyperd().await;
        let limits = Limits::default();
        let source = EngineSource::Hyperd(hyperd);
        let engine = Engine::start(&source, folder.path(), Confinement::default(), &limits, "bare".to_owned());
        let engine = engine.await.expect("hyperd starts");
        Self { engine, folder, rounds: 0, attachments: Attachments::default() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fresh databases on a fresh connection.
    async fn renew(&mut self) -> Lease {
        self.rounds += 1;
        let call = Call::housekeeping();
        let mut lease =
            self.engine.acquire(&call, &Attachments::default(), "", Lane::Work).await.expect("a connection");
        let file = |alias: &str| self.path().join(format!("{alias}-{}.hyper", self.rounds));
        let attachment = |alias: &str| Attachment {
            alias: alias.to_owned(),
            path: file(alias),
            real: file(alias),
            generation: self.rounds,
            lasting: false,
            read_only: false,
        };
        let databases: Vec<Attachment> = DATABASES.iter().map(|alias| attachment(alias)).collect();
        // What an earlier round left is of no use, and would fill the list of files.
        for file in std::fs::read_dir(self.path()).expect("the folder is there").filter_map(Result::ok) {
            if file.path().extension().is_some_and(|extension| extension == "hyper") {
                let _ = std::fs::remove_file(file.path());
            }
        }
        for path in databases.iter().map(|database| database.path.clone()).chain([self.path().join("spare.hyper")]) {
            let create = format!("CREATE DATABASE IF NOT EXISTS \"{}\"", path.display());
            lease.execute(&call, &create).await.expect("a database is made");
        }
        lease.retire();
        drop(lease);
        self.attachments = Attachments { version: self.rounds, databases };
        let mut lease = self.lease().await;
        for alias in DATABASES {
            for table in ["t", "u"] {
                let create = format!("CREATE TABLE {alias}.public.{table} AS SELECT 1 AS a, 'one' AS b");
                lease.execute(&call, &create).await.expect("a table is made");
            }
        }
        lease
    }

    /// Puts the tables that calls may change back, which is quicker than to make databases.
    async fn restore(&self, lease: &mut Lease) {
        for table in ["t", "u", "v", "w"] {
            let _ = lease.execute(&Call::housekeeping(), &format!("DROP TABLE IF EXISTS local.public.{table}")).await;
        }
        for table in ["t", "u"] {
            let create = format!("CREATE TABLE local.public.{table} AS SELECT 1 AS a, 'one' AS b");
            let _ = lease.execute(&Call::housekeeping(), &create).await;
        }
    }

    async fn lease(&self) -> Lease {
        let mut lease = self
            .engine
            .acquire(&Call::housekeeping(), &self.attachments, "local", Lane::Work)
            .await
            .expect("a connection");
        // A statement may leave something on the connection; the next one gets another.
        lease.retire();
        lease
    }

    async fn state(&self, lease: &mut Lease) -> State {
        let [local, lake] = [seen(lease, "local").await, seen(lease, "lake").await];
        let mut session = Vec::new();
        for setting in SETTINGS {
            session.push(asked(lease, &format!("SELECT current_setting('{setting}')")).await);
        }
        session.push(asked(lease, "SELECT count(*) FROM pg_temp.v").await);
        let files = std::fs::read_dir(self.path()).expect("the folder is there");
        let mut files: Vec<_> = files
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .filter(|name| !name.contains("log"))
            .collect();
        files.sort();
        State { local, lake, session, files }
    }
}

async fn seen(lease: &mut Lease, alias: &str) -> Vec<String> {
    let tables = format!(
        "SELECT n.nspname, c.relname, a.attname, col_description(c.oid, a.attnum) FROM {alias}.pg_catalog.pg_class c \
         JOIN {alias}.pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN {alias}.pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         WHERE n.nspname NOT LIKE 'pg_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 3"
    );
    let schemas =
        format!("SELECT nspname FROM {alias}.pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY 1");
    let mut seen = vec![asked(lease, &tables).await, asked(lease, &schemas).await];
    for table in ["t", "u"] {
        seen.push(asked(lease, &format!("SELECT count(*), sum(a), max(b) FROM {alias}.public.{table}")).await);
    }
    seen
}

async fn asked(lease: &mut Lease, sql: &str) -> String {
    match lease.rows(&Call::housekeeping(), sql).await {
        Ok(rows) => json!(rows.rows).to_string(),
        Err(error) => error.sqlstate.unwrap_or(error.message),
    }
}

/// Runs statements that the guard passes, each on the bare connection; answers how many it was and what they did
/// besides what they may.
async fn differences(seed: u64, count: usize) -> (usize, Vec<String>) {
    let mut bare = Bare::start().await;
    let mut dice = Random(seed);
    let mut found = Vec::new();
    let mut ran = 0;
    let mut before = None;
    for number in 0..count {
        let folder = bare.path().to_string_lossy().into_owned();
        let sql = statement(&mut dice, &folder);
        let is_read = guard::read(&sql).is_ok();
        let batch = guard::batch(std::slice::from_ref(&sql)).ok();
        let names = |alias: &str, others: bool| {
            batch.iter().flat_map(|batch| &batch.targets).any(|name| {
                if name.len() > 1 && DATABASES.contains(&name[0].as_str()) { name[0] == alias } else { others }
            })
        };
        if !is_read && (batch.is_none() || names("lake", false)) {
            continue;
        }
        ran += 1;
        let mut lease = match before {
            Some(_) => bare.lease().await,
            None => bare.renew().await,
        };
        let old = match before.take() {
            Some(state) => state,
            None => bare.state(&mut lease).await,
        };
        let ended = lease.query(&Call::housekeeping(), &sql, Bounds::NONE).await;
        let new = bare.state(&mut lease).await;
        let may_change_local = !is_read && names("local", true);
        let is_fine = new.lake == old.lake && new.session == old.session && new.files == old.files;
        if !(is_fine && (may_change_local || new.local == old.local)) {
            found.push(format!(
                "seed {seed}, statement {number}: {sql:?} passed as a {} and answered {:?}\n  {old:?}\n  {new:?}",
                if is_read { "read" } else { "write elsewhere" },
                ended.map(|rows| rows.rows.len()).map_err(|e| e.message)
            ));
        }
        let mut now = new;
        if now.local != old.local && now.lake == old.lake {
            let mut another = bare.lease().await;
            bare.restore(&mut another).await;
            now = bare.state(&mut another).await;
        }
        before = (now == old).then_some(old);
    }
    bare.engine.stop().await;
    (ran, found)
}

async fn nothing_differs(seed: u64, count: usize) {
    let (ran, found) = differences(seed, count).await;
    eprintln!("seed {seed}: {ran} of {count} statements passed the guard and were run, {} differed", found.len());
    assert!(ran > count / 20, "only {ran} of {count} statements were run: they prove nothing");
    assert!(
        found.is_empty(),
        "{} statements differ, the first ones:\n{}",
        found.len(),
        found[..found.len().min(3)].join("\n")
    );
}

/// Proves `readonly.guard_knows_what_is_written` and `query.refuses_every_write`.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_guard_passes_does_what_it_said() {
    nothing_differs(11, 400).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test -p hyperd-mcp --test processes -- --ignored twenty_thousand"]
async fn twenty_thousand_statements_do_what_the_guard_said() {
    let seed = named_seed().unwrap_or(1);
    for part in 0..4 {
        nothing_differs(seed + part, 5_000).await;
    }
}

/// All lines of defence together: the tools of a server, with a file attached read-only.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_through_the_tools() {
    const STATEMENTS: usize = 60;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("lake.hyper").to_string_lossy().into_owned();
    std::fs::write(folder.path().join("in.csv"), "7,seven\n").expect("a file can be written");
    let server = Running::start(&["--ephemeral-only"]).await;
    let attach = |writable: bool| json!({ "alias": "lake", "path": path, "writable": writable, "on_missing": if writable { "create" } else { "error" } });
    server.call("attach_database", attach(true)).await;
    for table in ["t", "u"] {
        let create = format!("CREATE TABLE lake.public.{table} AS SELECT 1 AS a, 'one' AS b");
        server.call("execute", json!({ "sql": create })).await;
    }
    server.call("detach_database", json!({ "alias": "lake" })).await;
    assert_eq!(server.call("attach_database", attach(false)).await["protection"], "engine");
    let state = async || {
        let tables = server.call("describe", json!({ "database": "lake" })).await["tables"].clone();
        let rows = "SELECT (SELECT sum(a) FROM lake.public.t) AS t, (SELECT sum(a) FROM lake.public.u) AS u, \
                    current_setting('date_style') AS d, current_setting('query_timeout') AS q";
        (tables, server.call("query", json!({ "sql": rows })).await["result"].clone())
    };
    let before = state().await;
    let mut dice = Random(29);
    for number in 0..STATEMENTS {
        let sql = statement(&mut dice, &folder.path().to_string_lossy());
        for tool in ["query", "execute"] {
            let answer = server.call(tool, json!({ "sql": sql })).await;
            assert_ne!(answer["error"]["code"], Value::from("INTERNAL_ERROR"), "{tool} {sql:?}: {answer}");
        }
        assert_eq!(state().await, before, "statement {number}: {sql:?}");
    }
}
