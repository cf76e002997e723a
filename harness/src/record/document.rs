//! The scenario file of a session.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::answer::Writer;
use super::exchange::{Answered, Deed, Exchange};
use super::listing::Listings;
use super::places::{self, Places};
use super::steps::{self, Written};
use super::tape::tell;
use super::volatile::Volatile;
use super::{Served, Tape, node};
use crate::bounds::Limit;
use crate::scenario::ServerOptions;
use crate::syntax::Node;

/// What stands above the steps.
#[derive(Debug)]
pub struct Heading {
    /// What the scenario is about.
    pub feature: String,
    /// Its name.
    pub scenario: String,
    /// The ids that it proves.
    pub requirements: Vec<String>,
}

/// A scenario file, not yet written.
#[derive(Debug)]
pub struct Recording {
    /// Its text.
    pub text: String,
    /// How many steps it has.
    pub steps: usize,
    /// Files that it copies: where they lie, and their names below the recording's own folder of data.
    pub copies: Vec<(PathBuf, String)>,
}

/// The file of a session that was recorded to `<area>/<feature>` of the suite in `root`; `None` where nothing was asked.
pub fn write(tape: &mut Tape, served: &Served, heading: &Heading, root: &Path, place: &str) -> Option<Recording> {
    let told = told_persistent(&tape.exchanges).filter(|_| served.persistent.is_none());
    let persistent = served.persistent.as_deref().or(told.as_deref());
    remark_on_database(tape, served, told.as_deref());
    let data = root.join("data");
    let mut fixed = vec![(data.as_path(), "$(data)")];
    fixed.extend(persistent.map(|path| (path, "$(persistent)")));
    let places = Places::new(tape.files.paths(), tape.files.spelled(), &fixed);
    let mut body = Body::new(place, Writer { places: &places, volatile: Volatile::of(tape) }, &tape.exchanges);
    let listings = Listings::of(&tape.exchanges);
    for (index, exchange) in tape.exchanges.iter().enumerate() {
        body.exchange(index, exchange, &listings);
    }
    let Body { steps, asked, left_out, copies, .. } = body;
    if asked == 0 {
        return None;
    }
    for reason in left_out {
        tape.remark(format!("A request is left out: {reason}."));
    }
    let text = file(heading, &tape.remarks, &served.options, steps);
    Some(Recording { text, steps: asked, copies })
}

/// What a session finds in a database, nobody can find again.
fn remark_on_database(tape: &mut Tape, served: &Served, told: Option<&Path>) {
    if served.held_bytes > 0 {
        let path = served.persistent.as_deref().unwrap_or(Path::new("")).display();
        tape.remark(format!(
            "Recorded on a database that was there already ({path}, {} bytes). What it held is not in this file: \
             a step that found something in it fails on the empty one that a scenario begins with.",
            served.held_bytes
        ));
        return;
    }
    let Some(path) = told else { return };
    let began = tape.began;
    let older = std::fs::metadata(path).and_then(|found| found.created()).is_ok_and(|made: SystemTime| made < began);
    if older {
        tape.remark(format!(
            "Recorded on a database that was there already ({}). What it held is not in this file: a step that found \
             something in it fails on the empty one that a scenario begins with.",
            path.display()
        ));
    }
}

/// The file of the persistent database, as the server's answers have it.
fn told_persistent(exchanges: &[Exchange]) -> Option<PathBuf> {
    fn find(value: &Value) -> Option<&str> {
        match value {
            Value::Object(members) if members.get("alias").is_some_and(|alias| alias == "persistent") => {
                members.get("path").and_then(Value::as_str).filter(|path| path.starts_with('/'))
            }
            Value::Object(members) => members.values().find_map(find),
            Value::Array(items) => items.iter().find_map(find),
            _ => None,
        }
    }
    let mut results = exchanges.iter().filter_map(|exchange| match &exchange.answer {
        Some(Answered::Result(result)) => Some(&result["structuredContent"]),
        _ => None,
    });
    results.find_map(find).map(PathBuf::from)
}

/// The steps as they come.
struct Body<'a> {
    writer: Writer<'a>,
    place: &'a str,
    steps: Vec<Node>,
    /// How many of them ask the server something.
    asked: usize,
    /// Folders that have to be there before something in them is named.
    folders: Vec<&'a Path>,
    left_out: Vec<String>,
    copies: Vec<(PathBuf, String)>,
    names: HashSet<String>,
}

impl<'a> Body<'a> {
    fn new(place: &'a str, writer: Writer<'a>, exchanges: &'a [Exchange]) -> Self {
        let folders = exchanges.iter().flat_map(|exchange| &exchange.deeds).filter_map(|deed| match deed {
            Deed::Mkdir(path) => Some(path.as_path()),
            _ => None,
        });
        Self {
            writer,
            place,
            steps: Vec::new(),
            asked: 0,
            folders: folders.collect(),
            left_out: Vec::new(),
            copies: Vec::new(),
            names: HashSet::new(),
        }
    }

    fn exchange(&mut self, index: usize, exchange: &'a Exchange, listings: &Listings) {
        let written = steps::step(index, exchange, listings, &self.writer);
        if matches!(written, Written::Nothing) {
            return;
        }
        self.folders(exchange);
        for deed in exchange.deeds.iter().filter(|deed| !matches!(deed, Deed::Mkdir(_))) {
            self.deed(deed);
        }
        match written {
            Written::Step(node) => {
                self.steps.push(node);
                self.asked += 1;
                self.steps.extend(steps::notified(exchange, &self.writer));
            }
            Written::Cannot(reason) => self.left_out.push(reason),
            Written::Nothing => {}
        }
    }

    /// A folder is made before the first request that names it or something in it, unless a file is written there anyway.
    fn folders(&mut self, exchange: &Exchange) {
        let named = |folder: &Path| exchange.paths.iter().any(|path| path.starts_with(folder));
        let (now, later): (Vec<&Path>, Vec<&Path>) = self.folders.iter().partition(|folder| named(folder));
        self.folders = later;
        for folder in now {
            let filled =
                exchange.deeds.iter().any(|deed| matches!(deed, Deed::Write(path, _) if path.starts_with(folder)));
            if !filled {
                self.deed(&Deed::Mkdir(folder.to_owned()));
            }
        }
    }

    fn deed(&mut self, deed: &Deed) {
        let (place, names, copies) = (self.place, &mut self.names, &mut self.copies);
        let mut take_copy = |from: &Path, inside: &str| {
            let name = places::unique(Path::new(inside), names);
            copies.push((from.to_owned(), name.clone()));
            format!("$(data)/{place}/{name}")
        };
        self.steps.push(steps::deed(deed, &self.writer, &mut take_copy));
    }
}

fn file(heading: &Heading, remarks: &[String], options: &ServerOptions, steps: Vec<Node>) -> String {
    let escaped = |text: &str| text.replace("$(", "$$(");
    let mut keys = vec![("feature", node::text(escaped(&heading.feature)))];
    if !remarks.is_empty() {
        keys.push(("about", node::block(remarks.iter().map(|line| escaped(line) + "\n").collect())));
    }
    if !heading.requirements.is_empty() {
        let ids = heading.requirements.iter().map(|id| node::text(id.as_str()));
        keys.push(("requirements", node::list(ids.collect())));
    }
    let server = server(options);
    if !server.is_empty() {
        keys.push(("server", node::map(server)));
    }
    let scenario = node::map([("scenario", node::text(escaped(&heading.scenario))), ("steps", node::list(steps))]);
    keys.push(("scenarios", node::list(vec![scenario])));
    // An empty line sets the steps off; no other line begins with this word.
    format!("{}\n", node::map(keys)).replacen("\nscenarios:", "\n\nscenarios:", 1)
}

/// What differs from how a scenario's server is started anyway.
fn server(options: &ServerOptions) -> Vec<(&'static str, Node)> {
    let mut keys = Vec::new();
    if !options.persistent {
        keys.push(("persistent", node::truth(false)));
    }
    if options.read_only {
        keys.push(("read_only", node::truth(true)));
    }
    keys.extend(options.bounds.iter().map(|(bound, limit)| match limit {
        Limit::Duration(_) => (bound.name, node::text(limit.to_string())),
        Limit::Count(limit) => (bound.name, node::count(limit)),
    }));
    keys
}

/// Says where the file is, and how to run it.
pub fn announce(path: &Path, recording: &Recording, target: Option<&str>) {
    let other = target.filter(|target| !target.starts_with("hyperd-mcp"));
    let other = other.map_or_else(String::new, |target| format!(" --target {target}"));
    tell(&format!(
        "wrote {} steps to {}; run them with: cargo conform run{other} {}",
        recording.steps,
        path.display(),
        path.display()
    ));
}
