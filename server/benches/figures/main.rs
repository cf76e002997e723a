//! How long a client waits: the command as a process, with a client on its standard input and output, over real files.
//!
//! `cargo bench -p hyperd-mcp` prints a table of medians. `-- --server PATH [ARGUMENT...]` measures another server that
//! has the same tools, with the same calls and files; `HYPERD_PATH` says which hyperd both are to use.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod client;
mod files;

use std::time::Duration;

use serde_json::{Value, json};

use client::{Client, Server};
use files::Files;

/// Rows of the large table.
const ROWS: u64 = 2_000_000;
/// Rows of what is merged into it, half of them with a key that it has.
const DELTA_ROWS: u64 = 200_000;
/// Rows of each of the files that are loaded at once, and how many there are.
const PART_ROWS: u64 = 50_000;
const PARTS: u64 = 16;
/// Rows of one answer.
const ANSWER_ROWS: u64 = 20_000;
/// How often long and short calls are repeated; the median counts.
const LONG_TIMES: usize = 7;
const SHORT_TIMES: usize = 51;

/// Rows that take about three seconds to count.
const SLOW: &str =
    "SELECT COUNT(*) FROM generate_series(1, 40000) a(v), generate_series(1, 40000) b(v) WHERE a.v + b.v > 3";

/// What was measured, in milliseconds.
struct Figure {
    name: String,
    all: Vec<f64>,
}

/// Collects and prints figures.
struct Bench<'a> {
    client: &'a Client,
    only: Option<String>,
}

impl Bench<'_> {
    /// Measures `call` a number of times, each after `before`.
    async fn measure(
        &self,
        name: &str,
        times: usize,
        before: Option<(&'static str, Value)>,
        call: (&'static str, Value),
    ) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let mut figure = Figure { name: name.to_owned(), all: Vec::new() };
        for _ in 0..times {
            if let Some((tool, arguments)) = &before {
                self.client.call(tool, arguments.clone()).await;
            }
            figure.all.push(self.client.timed(call.0, call.1.clone()).await);
        }
        figure.print();
    }
}

impl Figure {
    fn print(mut self) {
        self.all.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (self.all.first(), self.all.last()) else { return };
        let median = self.all[self.all.len() / 2];
        println!("{:<44} {median:>9.1} {least:>9.1} {most:>9.1} {:>5}", self.name, self.all.len());
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench").peekable();
    let only = arguments.next_if(|argument| !argument.starts_with("--"));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Server::of(arguments, folder.path());
    println!("{:<44} {:>9} {:>9} {:>9} {:>5}", "milliseconds", "median", "least", "most", "times");
    let files = Files::write(folder.path());
    if only.is_none() {
        starts(&server).await;
    }
    let client = Client::start(&server).await;
    let bench = Bench { client: &client, only };
    short(&bench).await;
    loads(&bench, &files).await;
    merges(&bench, &files).await;
    if bench.only.is_none() {
        behind_a_slow_one(&client).await;
        watched(&client, folder.path()).await;
    }
    client.stop().await;
}

/// From the command to its handshake, and from there to the first answer.
async fn starts(server: &Server) {
    let mut ready = Figure { name: "start to handshake".to_owned(), all: Vec::new() };
    let mut first = Figure { name: "first query after it".to_owned(), all: Vec::new() };
    for _ in 0..LONG_TIMES {
        let began = std::time::Instant::now();
        let client = Client::start(server).await;
        ready.all.push(began.elapsed().as_secs_f64() * 1e3);
        first.all.push(client.timed("query", json!({ "sql": "SELECT 1" })).await);
        client.stop().await;
    }
    ready.print();
    first.print();
}

async fn short(bench: &Bench<'_>) {
    bench.measure("SELECT 1", SHORT_TIMES, None, ("query", json!({ "sql": "SELECT 1" }))).await;
    let rows = format!(
        "SELECT i.v AS id, 'name ' || i.v AS name, i.v / 7.0 AS amount FROM generate_series(1, {ANSWER_ROWS}) i(v)"
    );
    bench.measure("20,000 rows returned", LONG_TIMES, None, ("query", json!({ "sql": rows }))).await;
    let small = json!({ "table": "small", "data": "[{\"id\": 1, \"name\": \"Ada\"}, {\"id\": 2, \"name\": \"Bob\"}]", "format": "json" });
    bench.measure("small load_data", SHORT_TIMES, None, ("load_data", small.clone())).await;
    let mut kept = small;
    kept["database"] = "persistent".into();
    bench.measure("small load_data, persistent", SHORT_TIMES, None, ("load_data", kept)).await;
}

async fn loads(bench: &Bench<'_>, files: &Files) {
    let client = bench.client;
    let csv = json!({ "table": "big", "path": files.big, "mode": "replace" });
    client.call("load_file", csv.clone()).await;
    client
        .call("export", json!({ "table": "big", "path": files.parquet, "format": "parquet", "overwrite": true }))
        .await;
    bench.measure("2M rows of CSV loaded", LONG_TIMES, None, ("load_file", csv)).await;
    let parquet = json!({ "table": "big", "path": files.parquet, "mode": "replace" });
    bench.measure("2M rows of Parquet loaded", LONG_TIMES, None, ("load_file", parquet)).await;
    for (format, path) in [("parquet", &files.out_parquet), ("hyper", &files.out_hyper), ("csv", &files.out_csv)] {
        let mut export = json!({ "path": path, "format": format, "overwrite": true });
        if format != "hyper" {
            export["table"] = "big".into();
        }
        bench.measure(&format!("2M rows exported to {format}"), LONG_TIMES, None, ("export", export)).await;
    }
    let entry =
        |(index, path): (usize, &String)| json!({ "table": format!("part_{index}"), "path": path, "mode": "replace" });
    let entries: Vec<Value> = files.parts.iter().enumerate().map(entry).collect();
    bench.measure("16 files of 50,000 rows", LONG_TIMES, None, ("load_files", json!({ "files": entries }))).await;
}

async fn merges(bench: &Bench<'_>, files: &Files) {
    let client = bench.client;
    client.call("load_file", json!({ "table": "delta", "path": files.delta, "mode": "replace" })).await;
    client
        .call(
            "export",
            json!({ "table": "delta", "path": files.delta_parquet, "format": "parquet", "overwrite": true }),
        )
        .await;
    for database in ["local", "persistent"] {
        for (format, path) in [("CSV", &files.delta), ("Parquet", &files.delta_parquet)] {
            let again = json!({ "table": "target", "path": files.parquet, "mode": "replace", "database": database });
            let merge =
                json!({ "table": "target", "path": path, "mode": "merge", "merge_key": "id", "database": database });
            let name = format!("200k rows of {format} merged into 2M, {database}");
            bench.measure(&name, LONG_TIMES, Some(("load_file", again)), ("load_file", merge)).await;
        }
    }
}

async fn behind_a_slow_one(client: &Client) {
    let mut figure = Figure { name: "SELECT 1 behind a slow query".to_owned(), all: Vec::new() };
    let slow = client.call("query", json!({ "sql": SLOW }));
    let quick = async {
        // The slow one is to be under way; a shorter pause would only make the figure kinder.
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..LONG_TIMES {
            figure.all.push(client.timed("query", json!({ "sql": "SELECT 1" })).await);
        }
    };
    tokio::join!(slow, quick);
    figure.print();
}

/// From the sentinel to the moment in which both files are gone.
async fn watched(client: &Client, folder: &std::path::Path) {
    let inbox = folder.join("inbox");
    std::fs::create_dir(&inbox).expect("a folder can be made");
    client.call("watch_directory", json!({ "path": inbox, "table": "events" })).await;
    let mut figure = Figure { name: "watched file".to_owned(), all: Vec::new() };
    for index in 0..SHORT_TIMES {
        let file = inbox.join(format!("{index}.csv"));
        std::fs::write(&file, format!("id,name\n{index},x\n")).expect("a file can be written");
        let began = std::time::Instant::now();
        std::fs::write(inbox.join(format!("{index}.csv.ready")), "").expect("a file can be written");
        while file.exists() {
            tokio::time::sleep(Duration::from_micros(200)).await;
            assert!(began.elapsed() < Duration::from_secs(20), "{} is not taken", file.display());
        }
        figure.all.push(began.elapsed().as_secs_f64() * 1e3);
    }
    figure.print();
    client.call("unwatch_directory", json!({ "path": inbox })).await;
}
