//! From what `--target` says to the target.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Duplex, Target, TargetFile};
use crate::source::{Diagnostic, nearest};

/// The folder of a suite that holds its targets.
const FOLDER: &str = "targets";

/// Why there is no such target.
#[derive(Debug)]
pub enum NoTarget {
    /// It is not there; this says what is.
    Unknown(String),
    /// Its file is broken.
    Broken(Vec<Diagnostic>),
}

/// The target that `named` means: a name of `targets/<name>.toml` in the suite at `root`, or the path of such a file.
///
/// The in-process server is there without a file.
///
/// # Errors
///
/// That there is none, or everything that is wrong in its file.
pub fn find(root: &Path, named: &str) -> Result<Arc<dyn Target>, NoTarget> {
    let path = path_of(root, named);
    if !path.is_file() {
        return if named == Duplex::NAME { Ok(Arc::new(Duplex)) } else { Err(NoTarget::Unknown(unknown(root, named))) };
    }
    let shown = path.strip_prefix(root.parent().unwrap_or(root)).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    let mut file = TargetFile::load(&path, &shown).map_err(NoTarget::Broken)?;
    named.clone_into(&mut file.named);
    Ok(Arc::new(file))
}

fn path_of(root: &Path, named: &str) -> PathBuf {
    let path = Path::new(named);
    let is_path = path.components().count() > 1 || path.extension().is_some_and(|extension| extension == "toml");
    if is_path { path.to_owned() } else { root.join(FOLDER).join(format!("{named}.toml")) }
}

fn unknown(root: &Path, named: &str) -> String {
    let entries = std::fs::read_dir(root.join(FOLDER)).into_iter().flatten().filter_map(Result::ok);
    let mut known: Vec<String> = entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .filter(|name| !name.contains('.'))
        .collect();
    known.sort();
    let hint = match nearest(named, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("there are none in {}", root.join(FOLDER).display()),
        None => format!("there are {}, or name a file", known.join(", ")),
    };
    format!("there is no target `{named}`; {hint}")
}
