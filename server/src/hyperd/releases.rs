//! The releases of hyperd in the user's cache, one folder each.

use std::fs;
use std::path::{Path, PathBuf};

use super::pins::{Pin, Platform};
use crate::error::{Code, Error};
use crate::fetch::package::Recipe;
use crate::fetch::pip::Pip;
use crate::fetch::{self, Form, Package, Receipt, Store};

/// The wheel that carries hyperd.
const PACKAGE: &str = "tableauhyperapi";
/// Where the wheel keeps hyperd and what it needs at run time.
const MEMBERS: &str = "tableauhyperapi/bin/hyper/";
/// As much as a release's number can have in digits and dots.
const RELEASE_LENGTH_MAX: usize = 32;

/// The executable's file name on this platform.
pub(super) const EXECUTABLE: &str = if cfg!(windows) { "hyperd.exe" } else { "hyperd" };

/// A release in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The release, as hyperd numbers itself.
    pub release: String,
    /// The executable.
    pub path: PathBuf,
    /// The executable's size.
    pub size_bytes: u64,
}

/// The releases in the cache, oldest first.
pub fn installed() -> Result<Vec<Installed>, Error> {
    Ok(installed_in(&user_store()?))
}

/// The releases that can be fetched for this machine, newest first. Asks the network.
pub fn available() -> Result<Vec<String>, Error> {
    let package =
        Package { name: PACKAGE.to_owned(), version: "(any version)".to_owned(), sha256: None, form: Form::Wheel };
    let versions = Pip::find(&package).and_then(|pip| pip.versions(&package)).map_err(|error| not_listed(&error))?;
    let mut releases: Vec<String> = versions.into_iter().filter(|version| number(version).is_some()).collect();
    releases.sort_by_key(|release| std::cmp::Reverse(number(release)));
    Ok(releases)
}

/// Brings a release into the cache, unless it is there.
pub fn install(release: &str) -> Result<Installed, Error> {
    install_into(&user_store()?, Platform::current().pin()?, release)
}

pub(super) fn user_store() -> Result<Store, Error> {
    Store::of_user("hyperd").map_err(|error| not_fetched(&error))
}

pub(super) fn installed_in(store: &Store) -> Vec<Installed> {
    let mut installed: Vec<_> = store.names().iter().filter_map(|release| find(store, release)).collect();
    installed.sort_by_key(|found| number(&found.release));
    installed
}

/// The release's folder, if it is complete: it appeared with its receipt in one rename, and still has its executable.
pub(super) fn find(store: &Store, release: &str) -> Option<Installed> {
    let folder = store.folder().join(release);
    Receipt::of(&folder)?;
    let path = folder.join(EXECUTABLE);
    let size_bytes = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?.len();
    Some(Installed { release: release.to_owned(), path, size_bytes })
}

pub(super) fn install_into(store: &Store, pin: &Pin, release: &str) -> Result<Installed, Error> {
    number(release).ok_or_else(|| {
        Error::invalid(format!("{release:?} is not a release of hyperd.")).suggest(format!(
            "Give three numbers with dots, such as {}; `pip index versions {PACKAGE}` lists all.",
            pin.release
        ))
    })?;
    let package = Package {
        name: PACKAGE.to_owned(),
        version: release.to_owned(),
        sha256: (release == pin.release).then(|| pin.sha256.to_owned()),
        form: Form::Wheel,
    };
    let notice = format!(
        "fetching hyperd {release} (about 90 MB) with pip into {}; set HYPERD_PATH to use your own",
        store.folder().join(release).display()
    );
    let select = |member: &str| member.strip_prefix(MEMBERS).map(PathBuf::from);
    let recipe = Recipe { folder: release, select: &select, finish: &make_executable, notice: &notice };
    let complete = |folder: &Path| folder.ends_with(release) && find(store, release).is_some();
    package.fetch(store, &recipe, &complete).map_err(|error| not_fetched(&error))?;
    find(store, release).ok_or_else(|| {
        Error::new(Code::HyperdNotFound, format!("The wheel of release {release} holds no {EXECUTABLE}."))
            .suggest("Install another release, or set HYPERD_PATH to an executable.")
    })
}

/// The release as numbers, which sort as releases do; `None` for anything that is not a release.
fn number(release: &str) -> Option<[u32; 3]> {
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = release.split('.').take_while(digits).collect();
    let whole = release.len() <= RELEASE_LENGTH_MAX && parts.join(".") == release;
    let numbers: Vec<u32> = parts.iter().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    whole.then_some(numbers.try_into().ok()).flatten()
}

#[cfg(unix)]
fn make_executable(folder: &Path) -> Result<(), fetch::Error> {
    use std::os::unix::fs::PermissionsExt;

    const RUN_BY_ALL_MODE: u32 = 0o755;
    let path = folder.join(EXECUTABLE);
    fs::set_permissions(&path, fs::Permissions::from_mode(RUN_BY_ALL_MODE))
        .map_err(fetch::Error::io("make executable", &path))
}

/// Windows goes by the file's name.
#[cfg(not(unix))]
fn make_executable(_folder: &Path) -> Result<(), fetch::Error> {
    Ok(())
}

fn not_listed(error: &fetch::Error) -> Error {
    Error::new(Code::HyperdNotFound, format!("The releases of hyperd could not be listed: {error}."))
        .suggest(error.suggestion())
}

fn not_fetched(error: &fetch::Error) -> Error {
    Error::new(Code::HyperdNotFound, format!("hyperd could not be fetched: {error}.")).suggest(format!(
        "{} Or bring your own hyperd: set HYPERD_PATH to the executable or its folder, put it on PATH, or connect to one \
         that runs (--endpoint HOST:PORT).",
        error.suggestion()
    ))
}
