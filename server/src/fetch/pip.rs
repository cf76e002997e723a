//! Downloads through the user's own pip, so that its index, proxy and certificates apply.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, Form, Package};

/// The names under which pip is looked for, best first: a module of an interpreter cannot be another interpreter's.
const CANDIDATES: [&[&str]; 5] =
    [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["py", "-m", "pip"], &["pip3"], &["pip"]];

/// As much of pip's stderr as an error repeats.
const DETAIL_LINES_MAX: usize = 12;

/// A pip that answers.
#[derive(Debug)]
pub struct Pip {
    command: &'static [&'static str],
}

impl Pip {
    /// The first pip that answers; the package is named in the error when none does.
    pub fn find(package: &Package) -> Result<Self, Error> {
        let answers = |candidate: &&&[&str]| {
            Command::new(candidate[0])
                .args(&candidate[1..])
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let command = CANDIDATES.iter().find(answers).copied().ok_or_else(|| Error::NoPip {
            package: package.to_string(),
            tried: CANDIDATES.map(|candidate| candidate.join(" ")).join(", "),
        })?;
        Ok(Self { command })
    }

    /// The versions of the package that the index has for this machine, newest first; the package's own is not looked at.
    pub fn versions(&self, package: &Package) -> Result<Vec<String>, Error> {
        let arguments = ["index", "versions", "--disable-pip-version-check", &package.name];
        let failed = |detail: String| Error::Pip {
            package: package.name.clone(),
            command: format!("{} {}", self.command.join(" "), arguments.join(" ")),
            detail,
        };
        let mut command = Command::new(self.command[0]);
        command.args(&self.command[1..]).args(arguments).stdin(Stdio::null());
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(reason(&String::from_utf8_lossy(&output.stderr))));
        }
        let versions = listed(&String::from_utf8_lossy(&output.stdout));
        if versions.is_empty() { Err(failed("it listed no versions".to_owned())) } else { Ok(versions) }
    }

    /// Downloads the package's archive into `folder`, which must exist and be empty.
    pub fn download(&self, package: &Package, folder: &Path) -> Result<PathBuf, Error> {
        let mut command = Command::new(self.command[0]);
        command.args(&self.command[1..]).args(arguments(package, folder)?);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        // pip draws its progress on stdout, which may be a protocol's channel: it goes to stderr, where a person looks.
        if io::stderr().is_terminal() {
            command.stdout(io::stderr());
        } else {
            command.arg("--quiet").stdout(Stdio::null());
        }
        let failed = |detail: String| Error::Pip {
            package: package.to_string(),
            command: format!("{} download --no-deps {}=={}", self.command.join(" "), package.name, package.version),
            detail,
        };
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(reason(&String::from_utf8_lossy(&output.stderr))));
        }
        archive_in(folder, package.form)?
            .ok_or_else(|| failed("it said to have succeeded and left no archive".to_owned()))
    }
}

/// The versions in what `pip index versions` prints.
fn listed(output: &str) -> Vec<String> {
    let line = output.lines().find_map(|line| line.trim().strip_prefix("Available versions:"));
    line.into_iter().flat_map(|line| line.split(',')).map(|version| version.trim().to_owned()).collect()
}

fn arguments(package: &Package, folder: &Path) -> Result<Vec<String>, Error> {
    let Package { name, version, sha256, form } = package;
    let mut arguments = ["download", "--no-deps", "--disable-pip-version-check", "--dest"].map(str::to_owned).to_vec();
    arguments.push(folder.display().to_string());
    match (form, sha256) {
        (Form::Wheel, _) => arguments.extend(["--only-binary=:all:".to_owned(), format!("{name}=={version}")]),
        // pip runs a source distribution's build script to learn its metadata: it must be the pinned file before that.
        (Form::Source, Some(digest)) => {
            let requirements = folder.join("requirements.txt");
            let line = format!("{name}=={version} --hash=sha256:{digest}\n");
            fs::write(&requirements, line).map_err(Error::io("write", &requirements))?;
            arguments.extend([
                format!("--no-binary={name}"),
                "--require-hashes".to_owned(),
                "--requirement".to_owned(),
            ]);
            arguments.push(requirements.display().to_string());
        }
        (Form::Source, None) => {
            arguments.extend([format!("--no-binary={name}"), format!("{name}=={version}")]);
        }
    }
    Ok(arguments)
}

fn archive_in(folder: &Path, form: Form) -> Result<Option<PathBuf>, Error> {
    let suffix = match form {
        Form::Wheel => ".whl",
        Form::Source => ".tar.gz",
    };
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.to_string_lossy().ends_with(suffix) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What pip says went wrong: its lines marked as errors, or the last lines where none is.
fn reason(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let errors: Vec<&str> = lines.iter().copied().filter(|line| line.starts_with("ERROR:")).collect();
    let telling = if errors.is_empty() { &lines } else { &errors };
    let kept = &telling[telling.len().saturating_sub(DETAIL_LINES_MAX)..];
    if kept.is_empty() { "it gave no reason".to_owned() } else { kept.join("\n") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::newest_first("p (0.0.2)\nAvailable versions: 0.0.2, 0.0.1\n  INSTALLED: 0.0.1\n", &["0.0.2", "0.0.1"])]
    #[case::none("ERROR: No matching distribution\n", &[])]
    fn versions_are_read(#[case] output: &str, #[case] expected: &[&str]) {
        assert_eq!(listed(output), expected);
    }

    #[rstest]
    #[case::silent("", "it gave no reason")]
    #[case::only_errors_when_there_are_some("WARNING: Retrying\nERROR: No matching\n", "ERROR: No matching")]
    #[case::last_lines_otherwise("Traceback\n\n  File x \nOSError: full\n", "Traceback\n  File x\nOSError: full")]
    fn a_failure_repeats_what_pip_said(#[case] stderr: &str, #[case] expected: &str) {
        assert_eq!(reason(stderr), expected);
    }
}
