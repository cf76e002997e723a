//! The folder `scenarios/`, read whole.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::capabilities::battery::{self, Battery, Theme};
use crate::decode::Decoder;
use crate::requirements::{self, Requirements};
use crate::scenario::{File, Fragment, Scenario};
use crate::source::{Diagnostic, Source, Span};
use crate::syntax::{self, Node};

/// Folders of `scenarios/` that hold no scenarios.
const NOT_AREAS: [&str; 4] = ["capabilities", "data", "fragments", "targets"];

/// Texts that stand for what is on disk, by the files' paths.
pub type Texts = BTreeMap<PathBuf, String>;

/// Everything in `scenarios/`.
#[derive(Debug)]
pub struct Suite {
    /// The folder.
    pub root: PathBuf,
    /// The scenario files, in the order of their paths.
    pub files: Vec<Arc<SuiteFile>>,
    /// What Hyper can do.
    pub battery: Battery,
    /// What a conforming server must do; nothing where there is no requirements.yaml.
    pub requirements: Requirements,
    /// The fragments by name.
    pub fragments: BTreeMap<String, Arc<Fragment>>,
}

/// A scenario file and its place in the suite.
#[derive(Debug)]
pub struct SuiteFile {
    /// `<area>::<file>`, the beginning of its scenarios' names.
    pub module: String,
    /// Its path on disk.
    pub path: PathBuf,
    /// What it says.
    pub file: File,
}

impl Suite {
    /// Reads the suite in `root`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in any of its files, at once.
    pub fn load(root: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::load_with(root, &Texts::new())
    }

    /// Reads the suite in `root` as if its files had these texts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in any of its files, at once.
    pub fn load_with(root: &Path, texts: &Texts) -> Result<Self, Vec<Diagnostic>> {
        // Scenarios hand `$(data)` to a server that may run elsewhere.
        let root = &std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let mut decoder = Decoder::default();
        let requirements = load_requirements(root, texts, &mut decoder);
        let fragments = load_fragments(root, texts, &mut decoder);
        let mut files = Vec::new();
        for path in yaml_files(root).filter(|path| is_scenario_file(root, path)) {
            let module = module_of(root, &path, &mut decoder);
            let Some(node) = read(root, &path, texts, &mut decoder) else { continue };
            let Some(file) = File::decode(&node, &fragments, &mut decoder) else { continue };
            check_file(&file, requirements.as_ref(), &mut decoder);
            files.push(Arc::new(SuiteFile { module, path, file }));
        }
        if files.is_empty() && decoder.is_clean() {
            let source = Source { shown: root.display().to_string(), path: root.to_owned(), text: String::new() };
            let span = Span::new(&Arc::new(source), 0, 0);
            decoder.report(
                Diagnostic::new(&span, "there are no scenarios here", "no <area>/<feature>.yaml")
                    .help("run in the folder that holds `scenarios/`, or name it with --suite"),
            );
        }
        let battery = load_battery(root, texts, &mut decoder);
        let problems = decoder.finish();
        if problems.is_empty() {
            let requirements = requirements.unwrap_or_default();
            Ok(Self { root: root.to_owned(), files, battery, requirements, fragments })
        } else {
            Err(problems)
        }
    }

    /// A suite of one scenario file, given as its text. It has no fragments, no requirements and no data.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in it.
    pub fn of_text(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut decoder = Decoder::default();
        let mut problems = Vec::new();
        let path = PathBuf::from("text.yaml");
        let source = Source { shown: "text.yaml".to_owned(), path: path.clone(), text: text.to_owned() };
        let node = syntax::read(&Arc::new(source), &mut problems);
        decoder.report_all(problems);
        let file = node.and_then(|node| File::decode(&node, &BTreeMap::new(), &mut decoder));
        if let Some(file) = &file {
            check_file(file, None, &mut decoder);
        }
        let problems = decoder.finish();
        match file.filter(|_| problems.is_empty()) {
            Some(file) => {
                let file = SuiteFile { module: "text".to_owned(), path, file };
                let root = PathBuf::new();
                Ok(Self {
                    root,
                    files: vec![Arc::new(file)],
                    battery: Battery::default(),
                    requirements: Requirements::new(),
                    fragments: BTreeMap::new(),
                })
            }
            None => Err(problems),
        }
    }
}

/// The requirements of the suite in `root`; a suite can be without, and then its scenarios name none.
fn load_requirements(root: &Path, texts: &Texts, decoder: &mut Decoder) -> Option<Requirements> {
    let path = root.join("requirements.yaml");
    let node = path.exists().then(|| read(root, &path, texts, decoder))?;
    Some(node.map_or_else(Requirements::new, |node| requirements::decode(&node, decoder)))
}

/// The requirements of the suite in `root`; `None` where it has no requirements.yaml.
///
/// # Errors
///
/// Everything that is wrong in it.
pub fn requirements_of(root: &Path) -> Result<Option<Requirements>, Vec<Diagnostic>> {
    let mut decoder = Decoder::default();
    let requirements = load_requirements(root, &Texts::new(), &mut decoder);
    let problems = decoder.finish();
    if problems.is_empty() { Ok(requirements) } else { Err(problems) }
}

/// Reads one scenario file that stands alone, with the fragments and requirements of the suite in `root`.
pub fn check_alone(root: &Path, path: &Path) -> Vec<Diagnostic> {
    let (mut decoder, texts) = (Decoder::default(), Texts::new());
    let requirements = load_requirements(root, &texts, &mut decoder);
    let fragments = load_fragments(root, &texts, &mut decoder);
    let Some(node) = read(root, path, &texts, &mut decoder) else { return decoder.finish() };
    if node.get("theme").is_some() {
        Theme::decode(&node, &stem(path), &mut decoder);
    } else if let Some(file) = File::decode(&node, &fragments, &mut decoder) {
        check_file(&file, requirements.as_ref(), &mut decoder);
    }
    decoder.finish()
}

fn read(root: &Path, path: &Path, texts: &Texts, decoder: &mut Decoder) -> Option<Node> {
    let shown = path.strip_prefix(root.parent().unwrap_or(root)).unwrap_or(path);
    let shown = shown.to_string_lossy().replace('\\', "/");
    let source = |text| Arc::new(Source { shown, path: path.to_owned(), text });
    match texts.get(path).map_or_else(|| std::fs::read_to_string(path), |text| Ok(text.clone())) {
        Ok(text) => {
            let mut problems = Vec::new();
            let node = syntax::read(&source(text), &mut problems);
            decoder.report_all(problems);
            node
        }
        Err(error) => {
            let span = Span::new(&source(String::new()), 0, 0);
            decoder.report(Diagnostic::new(&span, "failed to read the file", error.to_string()));
            None
        }
    }
}

fn load_fragments(root: &Path, texts: &Texts, decoder: &mut Decoder) -> BTreeMap<String, Arc<Fragment>> {
    let mut fragments = BTreeMap::new();
    for path in yaml_files(&root.join("fragments")) {
        let Some(node) = read(root, &path, texts, decoder) else { continue };
        if let Some(fragment) = Fragment::decode(&node, decoder) {
            fragments.insert(stem(&path), Arc::new(fragment));
        }
    }
    fragments
}

fn load_battery(root: &Path, texts: &Texts, decoder: &mut Decoder) -> Battery {
    let mut battery = Battery::default();
    for path in yaml_files(&root.join("capabilities")).filter(|path| battery::is_battery_file(root, path)) {
        let Some(node) = read(root, &path, texts, decoder) else { continue };
        battery.themes.extend(Theme::decode(&node, &stem(&path), decoder));
    }
    battery
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn yaml_files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    walk.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
}

fn is_scenario_file(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let first = inside.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    inside != Path::new("requirements.yaml") && first.is_none_or(|first| is_area(&first))
}

fn module_of(root: &Path, path: &Path, decoder: &mut Decoder) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let parts: Vec<String> = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.len() != 2 || !parts.iter().all(|part| is_module(part)) {
        let source = Source { shown: inside.display().to_string(), path: path.to_owned(), text: String::new() };
        let span = Span::new(&Arc::new(source), 0, 0);
        decoder.report(
            Diagnostic::new(&span, "a scenario file lies at scenarios/<area>/<feature>.yaml", "this one does not")
                .help("area and feature are lower-case letters, digits and `_`"),
        );
    }
    parts.join("::")
}

/// Whether the word can name an area or a feature.
pub(crate) fn is_module(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether the folder of that name holds scenario files.
pub(crate) fn is_area(name: &str) -> bool {
    !NOT_AREAS.contains(&name)
}

fn check_file(file: &File, requirements: Option<&Requirements>, decoder: &mut Decoder) {
    let mut seen: HashMap<String, &Scenario> = HashMap::new();
    for scenario in &file.scenarios {
        requirements::check(scenario, requirements, decoder);
        if let Some(first) = seen.insert(slug(&scenario.name), scenario) {
            decoder.report(
                Diagnostic::new(&scenario.span, "two scenarios of this file have the same name", "the second one")
                    .help(format!("the first is at {}; names must differ in letters or digits", first.span.place())),
            );
        }
    }
}

/// A name as a test's name: lower case, words joined by `_`.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}
