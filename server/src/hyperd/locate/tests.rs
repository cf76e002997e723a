use rstest::rstest;
use tempfile::TempDir;

use super::*;

const LINUX: Platform = Platform { os: "linux", arch: "x86_64" };
const UNSUPPORTED: Platform = Platform { os: "haiku", arch: "riscv64" };

fn surroundings(folder: &Path) -> Surroundings {
    Surroundings { hyperd_path: None, path: None, store: Store::new(folder.join("store")), platform: LINUX }
}

fn put(path: &Path, runs: bool) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(if runs { 0o755 } else { 0o644 })).unwrap();
    }
    path.to_owned()
}

fn put_release(surroundings: &Surroundings, release: &str) -> PathBuf {
    let folder = surroundings.store.folder().join(release);
    let receipt = Receipt {
        package: "tableauhyperapi".to_owned(),
        version: release.to_owned(),
        archive: "x.whl".to_owned(),
        sha256: "00".repeat(32),
        built: None,
        fetched_unix_s: 0,
    };
    let path = put(&folder.join(EXECUTABLE), true);
    fs::write(folder.join("fetched.json"), serde_json::to_vec(&receipt).unwrap()).unwrap();
    path
}

#[rstest]
#[case::file("here/hyperd")]
#[case::folder("here")]
fn hyperd_path_names_the_file_or_its_folder(#[case] value: &str) {
    let folder = TempDir::new().unwrap();
    let path = put(&folder.path().join("here").join(EXECUTABLE), true);
    let value = Some(folder.path().join(value).into_os_string());
    let located = Surroundings { hyperd_path: value, ..surroundings(folder.path()) }.find().unwrap().unwrap();
    assert_eq!(located, Located { path, release: None, found_by: FoundBy::HyperdPath });
}

#[rstest]
#[case::missing("nowhere", "No such file")]
#[case::empty_folder("empty", "holds no hyperd")]
#[case::not_executable("plain/hyperd", "is not executable")]
#[case::folder_of_one_not_executable("plain", "is not executable")]
#[cfg(unix)]
fn a_wrong_hyperd_path_is_an_error_and_never_skipped(#[case] value: &str, #[case] part: &str) {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    put(&folder.path().join("plain").join(EXECUTABLE), false);
    let on_path = put(&folder.path().join("bin").join(EXECUTABLE), true);
    let value = folder.path().join(value);
    let error = Surroundings {
        hyperd_path: Some(value.clone().into_os_string()),
        path: Some(on_path.parent().unwrap().as_os_str().to_owned()),
        ..surroundings(folder.path())
    }
    .find()
    .unwrap_err();
    assert_eq!(error.code, Code::HyperdNotFound);
    assert!(error.message.contains(part) && error.message.contains(&value.display().to_string()), "{error}");
    assert!(error.suggestion.unwrap().contains("HYPERD_PATH"));
}

#[test]
#[cfg(unix)]
fn path_comes_before_the_cache_and_skips_what_cannot_run() {
    let folder = TempDir::new().unwrap();
    let plain = put(&folder.path().join("plain").join(EXECUTABLE), false);
    let runs = put(&folder.path().join("runs").join(EXECUTABLE), true);
    let path = env::join_paths([plain.parent().unwrap(), Path::new("relative"), runs.parent().unwrap()]).unwrap();
    let surroundings = Surroundings { path: Some(path), ..surroundings(folder.path()) };
    put_release(&surroundings, LINUX.pin().unwrap().release);
    assert_eq!(surroundings.find().unwrap().unwrap(), Located { path: runs, release: None, found_by: FoundBy::Path });
}

#[test]
fn the_cache_gives_the_pinned_release_and_no_other() {
    let folder = TempDir::new().unwrap();
    let surroundings = Surroundings { hyperd_path: Some(OsString::new()), ..surroundings(folder.path()) };
    put_release(&surroundings, "0.0.17231");
    assert_eq!(surroundings.find().unwrap(), None);
    let release = LINUX.pin().unwrap().release;
    let path = put_release(&surroundings, release);
    assert_eq!(
        surroundings.find().unwrap().unwrap(),
        Located { path, release: Some(release.to_owned()), found_by: FoundBy::Cache }
    );
}

#[test]
fn releases_are_listed_by_number_and_only_when_complete() {
    let folder = TempDir::new().unwrap();
    let surroundings = surroundings(folder.path());
    for release in ["0.0.26963", "0.0.9746", "0.0.17231"] {
        put_release(&surroundings, release);
    }
    fs::create_dir(surroundings.store.folder().join("0.0.1")).unwrap();
    put(&surroundings.store.folder().join("0.0.2").join(EXECUTABLE), true);
    let listed: Vec<_> = releases::installed_in(&surroundings.store).into_iter().map(|found| found.release).collect();
    assert_eq!(listed, ["0.0.9746", "0.0.17231", "0.0.26963"]);
}

#[test]
fn an_installed_release_is_not_fetched_again() {
    let folder = TempDir::new().unwrap();
    let surroundings = surroundings(folder.path());
    let path = put_release(&surroundings, "0.0.17231");
    let installed = releases::install_into(&surroundings.store, LINUX.pin().unwrap(), "0.0.17231").unwrap();
    assert_eq!((installed.path, installed.size_bytes), (path, 0));
}

#[rstest]
#[case("")]
#[case("latest")]
#[case("0.0")]
#[case("0.0.1.2")]
#[case("0.0.26963 ")]
#[case("../0.0.1")]
#[case("0.0.-1")]
#[case("--index-url=x")]
#[case("0.0.99999999999")]
fn what_is_no_release_is_refused(#[case] release: &str) {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().join("store"));
    let error = releases::install_into(&store, LINUX.pin().unwrap(), release).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    assert!(error.message.contains(&format!("{release:?}")) && !store.folder().exists(), "{error}");
}

#[rstest]
#[case::supported(LINUX, "hyperd install")]
#[case::unsupported(UNSUPPORTED, "--endpoint")]
fn nowhere_names_the_ways_out(#[case] platform: Platform, #[case] way_out: &str) {
    let folder = TempDir::new().unwrap();
    let surroundings = Surroundings { platform, ..surroundings(folder.path()) };
    assert_eq!(surroundings.find().unwrap(), None);
    let error = surroundings.nowhere();
    assert_eq!(error.code, Code::HyperdNotFound);
    let suggestion = error.suggestion.unwrap();
    assert!(suggestion.contains(way_out) && suggestion.contains("HYPERD_PATH"), "{suggestion}");
}
