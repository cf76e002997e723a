//! Where a report goes: checked before anything runs, written whole or not at all.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tempfile::NamedTempFile;

use super::{RunReport, github, html, json, junit};

/// The file that GitHub Actions shows as the job's summary.
const GITHUB_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `JUnit` XML, as Jenkins, GitLab and most CI systems read it.
    Junit,
    /// JSON under a published schema.
    Json,
    /// One HTML page that needs nothing else.
    Html,
    /// Workflow commands of GitHub Actions, and the job's summary.
    Github,
}

const FORMATS: [(&str, Format); 4] =
    [("junit", Format::Junit), ("json", Format::Json), ("html", Format::Html), ("github", Format::Github)];

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its kind.
    pub format: Format,
    /// The file; standard output where there is none.
    pub file: Option<PathBuf>,
}

/// A destination that can be written.
#[derive(Debug)]
pub struct Opened {
    format: Format,
    /// The file beside the one that was asked for, until all of it is written.
    file: Option<(NamedTempFile, PathBuf)>,
    /// The job's summary, which is added to.
    summary: Option<PathBuf>,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no report `{name}`; there are {}", names.join(", ")));
        };
        match file {
            Some("") => Err(format!("`{name}=` needs a file behind it; `{name}` alone goes to standard output")),
            None | Some("-") => Ok(Self { format: *format, file: None }),
            Some(file) => Ok(Self { format: *format, file: Some(file.into()) }),
        }
    }
}

impl Destination {
    /// Whether it takes standard output for itself. The commands for GitHub stand between other lines.
    pub fn takes_stdout(&self) -> bool {
        self.file.is_none() && self.format != Format::Github
    }

    /// Makes sure that all of them can be written, before anything runs. Folders that are missing are made.
    ///
    /// # Errors
    ///
    /// Which of them cannot be written, and why.
    pub fn open_all(all: &[Self]) -> Result<Vec<Opened>, String> {
        if all.iter().filter(|destination| destination.takes_stdout()).count() > 1 {
            return Err("two reports go to standard output; give one of them a file: --report FORMAT=FILE".to_owned());
        }
        for (index, destination) in all.iter().enumerate() {
            if let Some(file) = &destination.file
                && all[..index].iter().any(|other| other.file.as_ref() == Some(file))
            {
                return Err(format!("two reports go to {}", file.display()));
            }
        }
        all.iter().map(Self::open).collect()
    }

    fn open(&self) -> Result<Opened, String> {
        let file = match &self.file {
            Some(path) => Some(
                beside(path).map_err(|error| format!("the report {} cannot be written: {error}", path.display()))?,
            ),
            None => None,
        };
        let summary = std::env::var_os(GITHUB_SUMMARY).filter(|path| self.format == Format::Github && !path.is_empty());
        let summary = summary.map(PathBuf::from);
        if let Some(path) = &summary {
            append(path, "")
                .map_err(|error| format!("{GITHUB_SUMMARY} {} cannot be written: {error}", path.display()))?;
        }
        Ok(Opened { format: self.format, file, summary })
    }
}

/// A file in the same folder as `path`, so that it can take its place at once.
pub(crate) fn beside(path: &Path) -> io::Result<(NamedTempFile, PathBuf)> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hyper-conform-");
    // Others read a report, too: what the umask leaves, as for any file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok((builder.tempfile_in(folder)?, path.to_owned()))
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

impl Opened {
    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Why it could not be written; a file that was there before is then as it was.
    pub fn write(self, run: &RunReport) -> Result<(), String> {
        let text = match self.format {
            Format::Junit => junit::render(run)?,
            Format::Json => json::render(run)?,
            Format::Html => html::render(run)?,
            Format::Github => github::commands(run),
        };
        if let Some(path) = &self.summary {
            append(path, &github::summary(run))
                .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        let Some((mut file, path)) = self.file else {
            return io::stdout().write_all(text.as_bytes()).map_err(|error| format!("failed to write: {error}"));
        };
        let failed = |error: io::Error| format!("failed to write the report {}: {error}", path.display());
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.persist(&path).map(drop).map_err(|error| failed(error.error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_report_is_named_by_its_format_and_its_file() {
        let to = |format, file: Option<&str>| Ok(Destination { format, file: file.map(PathBuf::from) });
        assert_eq!("junit=a/b=c.xml".parse(), to(Format::Junit, Some("a/b=c.xml")));
        assert_eq!("junit=-".parse(), to(Format::Junit, None));
        assert_eq!("github".parse(), to(Format::Github, None));
        let unknown = "xunit=a".parse::<Destination>().expect_err("an error");
        assert!(unknown.starts_with("there is no report `xunit`; there are junit"), "{unknown}");
        assert!("junit=".parse::<Destination>().is_err());
    }

    #[test]
    fn what_cannot_be_written_is_told_before_anything_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let in_the_way = folder.path().join("file");
        std::fs::write(&in_the_way, "").expect("a file");
        let junit = |path: PathBuf| Destination { format: Format::Junit, file: Some(path) };
        for (destinations, expected) in [
            (vec![junit(in_the_way.join("report.xml"))], "cannot be written"),
            (vec![junit(folder.path().to_owned())], "it is a folder"),
            (vec![junit("a.xml".into()), junit("a.xml".into())], "two reports go to a.xml"),
            (vec!["junit".parse().expect("one"), "junit=-".parse().expect("one")], "two reports go to standard output"),
        ] {
            let error = Destination::open_all(&destinations).expect_err("an error");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_report_takes_the_place_of_an_older_one_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/folder/report.xml");
        let destination = Destination { format: Format::Junit, file: Some(path.clone()) };
        let opened = Destination::open_all(std::slice::from_ref(&destination)).expect("opened");
        std::fs::write(&path, "older").expect("a file");
        for opened in opened {
            opened.write(&fixture::run()).expect("written");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), junit::render(&fixture::run()).expect("a report"));
        let names: Vec<_> = std::fs::read_dir(path.parent().expect("a folder")).expect("a list").collect();
        assert_eq!(names.len(), 1, "nothing else stays");
        let opened = Destination::open_all(&[destination]).expect("opened");
        drop(opened);
        assert_ne!(std::fs::read_to_string(&path).expect("a file"), "", "a run that never ends leaves the older one");
    }
}
