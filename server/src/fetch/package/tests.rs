use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rstest::rstest;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::*;

const NONE: &dyn Fn(&Path) -> Result<(), Error> = &|_| Ok(());

fn select(member: &str) -> Option<PathBuf> {
    member.strip_prefix("pkg/data/").map(PathBuf::from)
}

fn recipe() -> Recipe<'static> {
    Recipe { folder: "pkg-1.0", select: &select, finish: NONE, notice: "fetching" }
}

fn package(sha256: Option<String>) -> Package {
    Package { name: "pkg".to_owned(), version: "1.0".to_owned(), sha256, form: Form::Wheel }
}

fn wheel(folder: &Path, members: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("pkg-1.0-py3-none-any.whl");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for (name, text) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn source(folder: &Path, members: &[(&str, &str)]) -> PathBuf {
    let path = folder.join("pkg-1.0.tar.gz");
    let gzip = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    path
}

#[rstest]
#[case::wheel(wheel)]
#[case::source(source)]
fn unpacks_what_is_selected_and_leaves_a_receipt(#[case] build: fn(&Path, &[(&str, &str)]) -> PathBuf) {
    let folder = TempDir::new().unwrap();
    let archive = build(folder.path(), &[("pkg/__init__.py", "code"), ("pkg/data/deep/a.csv", "a\n1\n")]);
    let prepared = folder.path().join("prepared");
    package(Some(archive::sha256(&archive).unwrap())).unpack(&archive, &prepared, &recipe(), None).unwrap();
    assert_eq!(fs::read_to_string(prepared.join("deep/a.csv")).unwrap(), "a\n1\n");
    assert!(!prepared.join("__init__.py").exists());
    let receipt = Receipt::of(&prepared).unwrap();
    assert_eq!((receipt.package.as_str(), receipt.version.as_str()), ("pkg", "1.0"));
}

#[rstest]
#[case::pinned(Some("00".repeat(32)), None)]
#[case::seen_before(None, Some("11".repeat(32)))]
fn refuses_an_archive_of_another_digest(#[case] pinned: Option<String>, #[case] seen: Option<String>) {
    let folder = TempDir::new().unwrap();
    let archive = wheel(folder.path(), &[("pkg/data/a.csv", "a\n")]);
    let actual = archive::sha256(&archive).unwrap();
    let expected = pinned.clone().or(seen.clone()).unwrap();
    let earlier = seen.map(|sha256| Receipt {
        package: "pkg".to_owned(),
        version: "1.0".to_owned(),
        archive: "pkg-1.0-py3-none-any.whl".to_owned(),
        sha256,
        built: None,
        fetched_unix_s: 0,
    });
    let prepared = folder.path().join("prepared");
    let error = package(pinned).unpack(&archive, &prepared, &recipe(), earlier.as_ref()).unwrap_err().to_string();
    assert!(error.contains(&actual) && error.contains(&expected), "{error}");
    assert!(!archive.exists() && !prepared.exists());
}

#[rstest]
#[case::nothing_selected(&[("pkg/other.py", "x")], "none of the files")]
#[case::leaves_the_folder(&[("pkg/data/../../../x", "x")], "would leave the folder")]
fn refuses_an_archive_of_the_wrong_content(#[case] members: &[(&str, &str)], #[case] part: &str) {
    let folder = TempDir::new().unwrap();
    let archive = wheel(folder.path(), members);
    let error = package(None).unpack(&archive, &folder.path().join("prepared"), &recipe(), None).unwrap_err();
    assert!(error.to_string().contains(part), "{error}");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_file_that_is_no_archive_is_named() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("pkg-1.0-py3-none-any.whl");
    fs::write(&archive, "<html>502</html>").unwrap();
    let error = package(None).unpack(&archive, &folder.path().join("prepared"), &recipe(), None).unwrap_err();
    assert!(matches!(error, Error::Archive { .. }) && error.to_string().contains("pkg-1.0"), "{error}");
}

#[test]
fn a_complete_folder_needs_neither_lock_nor_pip() {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().join("store"));
    let place = package(None).fetch(&store, &recipe(), &|_| true).unwrap();
    assert_eq!(place, store.folder().join("pkg-1.0"));
    assert!(!store.folder().exists());
}

#[test]
fn the_second_process_waits_and_uses_the_result_of_the_first() {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().to_owned());
    let guard = store.lock().unwrap();
    let placed = AtomicBool::new(false);
    thread::scope(|scope| {
        let second = scope.spawn(|| package(None).fetch(&store, &recipe(), &|_| placed.load(Ordering::SeqCst)));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished());
        placed.store(true, Ordering::SeqCst);
        drop(guard);
        assert_eq!(second.join().unwrap().unwrap(), store.folder().join("pkg-1.0"));
    });
}

#[test]
fn what_a_killed_process_left_is_removed_and_a_broken_folder_replaced() {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().to_owned());
    fs::create_dir_all(folder.path().join(".unfinished-dead/download")).unwrap();
    fs::create_dir(folder.path().join("pkg-1.0")).unwrap();
    let guard = store.lock().unwrap();
    let scratch = guard.scratch().unwrap();
    assert!(!folder.path().join(".unfinished-dead").exists());
    let prepared = scratch.path().join("prepared");
    fs::create_dir(&prepared).unwrap();
    fs::write(prepared.join("new"), "").unwrap();
    assert!(guard.place(&prepared, "pkg-1.0", &scratch).unwrap().join("new").exists());
    drop(scratch);
    assert_eq!(store.names(), ["pkg-1.0"]);
}
