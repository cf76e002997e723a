//! Ways out of the folders of --allow-path, for each path that a tool takes. Proves `paths.kept_below`, `paths.races_included`,
//! `paths.hyperd_is_kept`, `paths.said` and `alias.one_file_once`.
//!
//! A hard link to a file outside is no way out: it is the file, and nothing tells one of its names from another.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Running, files};

/// What only a file outside says.
const SECRET: &str = "424242";

/// A folder that is allowed, under a link too, one whose name begins as that one's, and one outside.
struct Places {
    home: tempfile::TempDir,
}

impl Places {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let places = Self { home };
        for folder in ["allowed/sub", "allowed/drop", "allowed2", "outside/drop"] {
            fs::create_dir_all(places.at(folder)).expect("the folder can be made");
        }
        for (name, number) in [("allowed/good.csv", "1"), ("allowed2/x.csv", SECRET), ("outside/x.csv", SECRET)] {
            fs::write(places.at(name), format!("a\n{number}\n")).expect("the file can be written");
        }
        for (link, target) in [
            ("way_in", "allowed".into()),
            ("allowed/folder", places.at("outside")),
            ("allowed/up", "..".into()),
            ("allowed/chain", "sub/next".into()),
            ("allowed/sub/next", "../folder".into()),
            ("allowed/to_root", "/".into()),
            ("allowed/to_proc", "/proc/self/root".into()),
        ] {
            symlink(target, places.at(link)).expect("the link can be made");
        }
        places.fill().await;
        places
    }

    /// Makes what only an unrestricted server can: a database and an Iceberg table outside, and a good database.
    async fn fill(&self) {
        let server = Running::start(&["--ephemeral-only"]).await;
        for (folder, number) in [("allowed", "1"), ("allowed2", SECRET), ("outside", SECRET)] {
            let data = format!("a\n{number}\n");
            server.call("load_data", json!({ "table": "t", "data": data, "format": "csv" })).await;
            for (name, format) in [("x.hyper", "hyper"), ("ice", "iceberg")] {
                let mut export = json!({ "path": self.at(folder).join(name), "format": format });
                if format == "iceberg" {
                    export["table"] = "t".into();
                }
                let done = server.call("export", export).await;
                assert_eq!(done["rows"], 1, "{done}");
            }
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    async fn server(&self) -> Running {
        let allowed = self.at("way_in").to_string_lossy().into_owned();
        let persistent = self.at("kept.hyper").to_string_lossy().into_owned();
        Running::start(&["--allow-path", &allowed, "--persistent-db", &persistent]).await
    }

    /// All that is outside.
    fn outside(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let all = ["outside", "allowed2"].into_iter().flat_map(|folder| files(&self.at(folder)));
        all.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect()
    }

    /// Paths to `name` outside, and how each is refused: none means that it may be refused in whatever way.
    fn ways_out(&self, name: &str) -> Vec<(String, Option<&'static str>)> {
        const OUT: Option<&str> = Some("PATH_NOT_ALLOWED");
        const NO_PATH: Option<&str> = Some("INVALID_ARGUMENT");
        let home = self.home.path().to_string_lossy().into_owned();
        let outside = format!("{home}/outside/{name}");
        let last = self.at("allowed").join(format!("link_{name}"));
        let dangling = self.at("allowed").join(format!("dangling_{name}"));
        for (link, target) in [(&last, self.at("outside").join(name)), (&dangling, self.at("outside/new"))] {
            let _ = symlink(target, link);
        }
        let up = "../".repeat(200);
        vec![
            (outside.clone(), OUT),
            (format!("{home}/allowed/../outside/{name}"), OUT),
            (format!("{home}/allowed/sub/../../outside/{name}"), OUT),
            (format!("{home}/allowed/missing/../../outside/{name}"), OUT),
            (last.to_string_lossy().into_owned(), OUT),
            (dangling.to_string_lossy().into_owned(), OUT),
            (format!("{home}/allowed/folder/{name}"), OUT),
            (format!("{home}/allowed/chain/{name}"), OUT),
            (format!("{home}/allowed/up/outside/{name}"), OUT),
            (format!("{home}/allowed/to_root{outside}"), OUT),
            (format!("{home}/allowed/to_proc{outside}"), OUT),
            (format!("{home}/allowed2/{name}"), OUT),
            (format!("{home}/way_in/../outside/{name}"), OUT),
            (format!("/proc/self/root{outside}"), OUT),
            (format!("/proc/thread-self/root{outside}"), OUT),
            (format!("{home}/allowed/{up}{}", &outside[1..]), OUT),
            (format!("/{outside}"), OUT),
            (format!("{home}/./outside/./{name}"), OUT),
            (format!("{home}//allowed//..//outside//{name}"), OUT),
            (format!("{home}/ALLOWED/{name}"), OUT),
            (format!("{home}/out*/{name}"), OUT),
            ("/proc/self/fd/0".to_owned(), OUT),
            ("/dev/stdin".to_owned(), OUT),
            ("/".to_owned(), None),
            (format!("{outside}/"), None),
            (format!("{outside}/."), None),
            (format!("{home}/allowed/{}", "x".repeat(300)), None),
            (format!("{home}/allowed/{}", "x/".repeat(2_000)), None),
            (String::new(), NO_PATH),
            (format!("outside/{name}"), NO_PATH),
            (format!("../outside/{name}"), NO_PATH),
            (format!("~/{name}"), OUT),
            (format!("file://{outside}"), OUT),
            (format!("file://localhost{home}/allowed/%2e%2e/outside/{name}"), OUT),
            (format!("s3://bucket/{name}"), NO_PATH),
            (format!("{home}/allowed/good.csv\0/../../outside/{name}"), NO_PATH),
        ]
    }
}

/// The calls that take a path, with the name of what they look for.
fn calls(path: &str) -> Vec<(&'static str, &'static str, Value)> {
    let load = json!({ "table": "got", "path": path });
    let export = |format: &str| json!({ "sql": "SELECT 7 AS a", "path": path, "format": format, "overwrite": true });
    let attach = json!({ "alias": "got", "path": path, "writable": true });
    let mut create = attach.clone();
    create["on_missing"] = "create".into();
    let copy =
        json!({ "sql": "SELECT * FROM got.t", "target_table": "got", "mode": "replace", "temp_attach": [attach] });
    vec![
        ("x.csv", "load_file", load.clone()),
        ("x.csv", "load_files", json!({ "files": [load] })),
        ("x.csv", "inspect_file", json!({ "path": path })),
        ("x.csv", "query_file", json!({ "path": path, "sql": "SELECT * FROM data" })),
        ("x.csv", "export", export("csv")),
        ("x.csv", "export", export("parquet")),
        ("x.hyper", "export", json!({ "path": path, "format": "hyper", "overwrite": true })),
        ("ice", "export", export("iceberg")),
        ("ice", "load_iceberg", json!({ "table": "got", "path": path })),
        ("drop", "watch_directory", json!({ "table": "got", "path": path })),
        ("x.hyper", "attach_database", attach),
        ("x.hyper", "attach_database", create),
        ("x.hyper", "copy_query", copy),
    ]
}

#[tokio::test]
async fn none_of_the_ways_out_leads_out() {
    let places = Places::new().await;
    let server = places.server().await;
    let before = places.outside();
    for index in 0..calls("").len() {
        let name = calls("")[index].0;
        for (path, code) in places.ways_out(name) {
            let (_, tool, arguments) = calls(&path).swap_remove(index);
            let answer = server.call(tool, arguments.clone()).await;
            // The one file of load_files has the error for itself, unless the arguments are refused as a whole.
            let error = if answer["error"].is_null() { &answer["results"][0]["error"] } else { &answer["error"] };
            let what = format!("{tool} {arguments}: {answer}");
            assert!(error["code"].is_string(), "{what}");
            // An Iceberg table is refused wherever it is.
            assert!(code.is_none_or(|code| error["code"] == code), "{what}");
            assert!(!answer.to_string().contains(SECRET), "{what}");
            assert_eq!(places.outside(), before, "{what}");
        }
    }
    let listed = server.call("list_attached_databases", json!({})).await;
    assert_eq!(listed["attachments"].as_array().map(Vec::len), Some(2), "nothing is attached: {listed}");
}

#[tokio::test]
async fn what_is_below_is_reached_by_any_path_to_it() {
    let places = Places::new().await;
    let server = places.server().await;
    for folder in ["allowed", "way_in", "allowed/sub/..", "allowed/up/way_in"] {
        let at = |name: &str| places.at(folder).join(name);
        let loaded = server.call("load_file", json!({ "table": "t", "path": at("good.csv") })).await;
        assert_eq!(loaded["rows"], 1, "{loaded}");
        for (format, name) in [("csv", "out.csv"), ("hyper", "out.hyper")] {
            let mut export = json!({ "path": at(name), "format": format, "overwrite": true });
            if format == "csv" {
                export["table"] = "t".into();
            }
            let exported = server.call("export", export).await;
            assert!(exported["rows"].as_u64() >= Some(1), "{exported}");
        }
        let new = folder.replace(['/', '.'], "_");
        for (path, missing) in [(at("out.hyper"), "error"), (at(&format!("{new}.hyper")), "create")] {
            let attach = json!({ "alias": "got", "path": path, "writable": true, "on_missing": missing });
            let attached = server.call("attach_database", attach).await;
            assert_eq!(attached["alias"], "got", "{attached}");
            let rows = json!({ "table": "more", "data": "a\n5\n", "format": "csv", "database": "got" });
            assert_eq!(server.call("load_data", rows).await["rows"], 1);
            server.call("detach_database", json!({ "alias": "got" })).await;
            // What was answered is in the file, and is there for the next who attaches it.
            let attached = server.call("attach_database", json!({ "alias": "got", "path": path })).await;
            assert_eq!(attached["alias"], "got", "{attached}");
            let read = server.call("query", json!({ "sql": "SELECT a FROM more", "database": "got" })).await;
            assert_eq!(read["result"], json!([{ "a": 5 }]), "{read}");
            server.call("detach_database", json!({ "alias": "got" })).await;
        }
        fs::write(at("drop/x.csv"), "a\n3\n").expect("the file can be written");
        fs::write(at("drop/x.csv.ready"), "").expect("the sentinel can be written");
        let watched = server.call("watch_directory", json!({ "path": at("drop"), "table": "watched" })).await;
        assert_eq!(watched["initial_sweep"]["files_ingested"], 1, "{watched}");
        server.call("unwatch_directory", json!({ "path": at("drop") })).await;
    }
    let status = server.call("status", json!({})).await;
    let allowed = places.at("allowed").canonicalize().expect("the folder is there");
    assert_eq!(status["allowed_paths"], json!([allowed]), "{status}");
}

#[tokio::test]
async fn hyperd_is_kept_to_the_folders_as_well() {
    let places = Places::new().await;
    let server = places.server().await;
    let before = places.outside();
    let read = |path: &Path| {
        let (path, columns) = (path.display(), "COLUMNS => DESCRIPTOR(a TEXT)");
        json!({ "sql": format!("SELECT * FROM external('{path}', FORMAT => 'csv', {columns})") })
    };
    let link = places.at("allowed/link-for-sql.csv");
    symlink(places.at("outside/x.csv"), &link).expect("the link can be made");
    // hyperd follows a link at the end of a path, so that it opens none of these.
    for name in
        ["allowed/good.csv", "allowed/link-for-sql.csv", "outside/x.csv", "allowed/../outside/x.csv", "allowed2/x.csv"]
    {
        let refused = server.call("query", read(&places.at(name))).await;
        assert_eq!(refused["error"]["code"], "PATH_NOT_ALLOWED", "{refused}");
        assert!(refused["error"]["suggestion"].as_str().is_some_and(|text| text.contains("query_file")), "{refused}");
        assert!(!refused.to_string().contains(SECRET), "{refused}");
    }
    fs::remove_file(link).expect("the link can be removed");
    assert_eq!(places.outside(), before);
}

/// Swaps what is under a name, again and again, until it is told to stop; answers how often.
fn swap(path: &Path, kept: &Path, target: &Path, stop: &AtomicBool) -> u32 {
    let link = path.with_extension("link");
    let mut swaps = 0;
    while !stop.load(Ordering::Relaxed) {
        symlink(target, &link).expect("the link can be made");
        fs::rename(path, kept).expect("the good one can be moved away");
        fs::rename(&link, path).expect("the link can be put there");
        fs::remove_file(path).expect("the link can be removed");
        fs::rename(kept, path).expect("the good one can be put back");
        swaps += 2;
    }
    swaps
}

#[rstest]
#[case::file("race.csv", "x.csv")]
#[case::database("race.hyper", "x.hyper")]
#[case::folder("race", "")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_made_after_the_check_leads_nowhere(#[case] name: &str, #[case] outside: &str) {
    const CALLS: usize = 150;
    let places = Places::new().await;
    let server = places.server().await;
    let path = places.at("allowed").join(name);
    match name {
        "race.csv" => drop(fs::copy(places.at("allowed/good.csv"), &path).expect("the file can be copied")),
        "race.hyper" => drop(fs::copy(places.at("allowed/x.hyper"), &path).expect("the file can be copied")),
        _ => {
            fs::create_dir(&path).expect("the folder can be made");
            fs::copy(places.at("allowed/good.csv"), path.join("x.csv")).expect("the file can be copied");
        }
    }
    let before = places.outside();
    let (kept, target) = (places.at("allowed").join(format!("kept_{name}")), places.at("outside").join(outside));
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let (swapped, told) = (path.clone(), std::sync::Arc::clone(&stop));
    let swapping = std::thread::spawn(move || swap(&swapped, &kept, &target, &told));
    let (mut done, mut refused) = (0, 0);
    for round in 0..CALLS {
        let file = if name == "race" { path.join("x.csv") } else { path.clone() };
        let answer = match name {
            "race.hyper" => {
                let attached = server.call("attach_database", json!({ "alias": "got", "path": file })).await;
                let mut rows = server.call("query", json!({ "sql": "SELECT a FROM t", "database": "got" })).await;
                server.call("detach_database", json!({ "alias": "got" })).await;
                rows["attached"] = attached;
                rows
            }
            _ if round % 3 == 2 => {
                let path = if name == "race" { path.join("out.csv") } else { path.clone() };
                let export = json!({ "sql": "SELECT 1 AS a", "path": path, "format": "csv", "overwrite": true });
                server.call("export", export).await
            }
            _ => server.call("query_file", json!({ "path": file, "sql": "SELECT * FROM data" })).await,
        };
        assert!(!answer.to_string().contains(SECRET), "{answer}");
        *(if answer["error"].is_null() { &mut done } else { &mut refused }) += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let swaps = swapping.join().expect("swapping does not panic");
    eprintln!("{name}: {swaps} swaps, {done} calls done, {refused} refused");
    assert!(swaps > 1_000 && done > 0 && refused > 0, "{swaps} swaps, {done} calls done, {refused} refused");
    assert_eq!(places.outside(), before);
}

#[tokio::test]
async fn another_name_of_a_database_is_the_same_database() {
    let places = Places::new().await;
    let server = Running::start(&["--ephemeral-only"]).await;
    fs::hard_link(places.at("allowed/x.hyper"), places.at("allowed/twin.hyper")).expect("a link can be made");
    let attach = |name: &str, alias: &str| json!({ "alias": alias, "path": places.at(name), "writable": true });
    assert_eq!(server.call("attach_database", attach("allowed/x.hyper", "one")).await["alias"], "one");
    let refused = server.call("attach_database", attach("allowed/twin.hyper", "two")).await;
    assert_eq!(refused["error"]["code"], "INVALID_ARGUMENT", "{refused}");
    assert!(refused["error"]["message"].as_str().is_some_and(|message| message.contains("`one`")), "{refused}");
    let before = fs::read(places.at("allowed/twin.hyper")).expect("the file can be read");
    let export =
        json!({ "sql": "SELECT 1 AS a", "path": places.at("allowed/twin.hyper"), "format": "csv", "overwrite": true });
    let refused = server.call("export", export).await;
    assert!(
        refused["error"]["message"].as_str().is_some_and(|message| message.contains("attached as `one`")),
        "{refused}"
    );
    assert_eq!(fs::read(places.at("allowed/twin.hyper")).expect("the file can be read"), before);
}
