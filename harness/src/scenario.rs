//! Nodes to scenarios: what a file says, with everything that is wrong in it at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::bounds::Bounds;
use crate::checks::{Checkable, Checks};
use crate::decode::{Decoder, Fields};
use crate::needs::Needs;
use crate::scope;
use crate::source::{Diagnostic, Span};
use crate::steps::{self, Action, Verbal};
use crate::syntax::{Entry, Kind, Node};
use crate::vars;
use crate::when;

/// The client that steps use when they name none.
pub const CLIENT_DEFAULT: &str = "client";

/// One scenario file.
#[derive(Debug)]
pub struct File {
    /// What the scenarios are about.
    pub feature: String,
    /// The scenarios, in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One scenario, not yet spread over its matrix.
#[derive(Debug)]
pub struct Scenario {
    /// Its name as written.
    pub name: String,
    /// Where the name is written.
    pub span: Span,
    /// The ids that it proves, the file's among them.
    pub requirements: Vec<(String, Span)>,
    /// Words to filter by, the file's among them.
    pub tags: Vec<String>,
    /// What it can only be run with, the file's needs among them.
    pub needs: Needs,
    /// Why it is left out, if it is.
    pub ignore: Option<String>,
    /// Names and the values that they take in turn.
    pub matrix: Vec<(String, Vec<Value>)>,
    /// How its server is started.
    pub server: ServerOptions,
    /// What it does.
    pub steps: Vec<Step>,
    /// What is done at the end in any case, in reverse: the scenario's own, then the file's, which stand first here.
    pub finally: Vec<Step>,
}

/// How a scenario's server is started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Whether there is a persistent database.
    pub persistent: bool,
    /// Whether the server refuses every write.
    pub read_only: bool,
    /// Whether the scenario gets a hyperd of its own.
    pub private_engine: bool,
    /// Its bounds.
    pub bounds: Bounds,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { persistent: true, read_only: false, private_engine: false, bounds: Bounds::default() }
    }
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Where the verb stands.
    pub span: Span,
    /// The verb and what stands behind it, for reports.
    pub title: String,
    /// The name of the client that does it.
    pub client: String,
    /// Whether a client does it at all.
    pub has_client: bool,
    /// The values that the matrix must have for the step to be done.
    pub when: Option<Node>,
    /// How long it may take.
    pub within: Option<Duration>,
    /// When to cancel the request.
    pub cancel_after: Option<Duration>,
    /// Whether the answer is kept from the client, which then loses its connection.
    pub drop_response: bool,
    /// What must come of it.
    pub checks: Checks,
    /// What it does.
    pub action: Box<dyn Action>,
    /// The step as it is written, for the analysis of its variables.
    pub node: Node,
}

/// Steps under a name, with parameters.
#[derive(Debug)]
pub struct Fragment {
    /// The names that `with:` must give.
    pub parameters: Vec<(String, Span)>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// What the scenarios of one file share.
struct Shared {
    requirements: Vec<(String, Span)>,
    tags: Vec<String>,
    needs: Needs,
    server: ServerOptions,
    finally: Option<Node>,
}

impl File {
    /// Reads a scenario file.
    pub fn decode(node: &Node, fragments: &BTreeMap<String, Arc<Fragment>>, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a scenario file")?;
        let feature = fields.require("feature", decoder).and_then(|node| decoder.name(node, "`feature`"));
        fields.take("about").map(|node| decoder.name(node, "`about`"));
        let shared = Shared {
            requirements: texts(&mut fields, "requirements", decoder),
            tags: names(&mut fields, "tags", decoder),
            needs: needs(&mut fields, decoder),
            server: fields
                .take("server")
                .map_or_else(ServerOptions::default, |node| ServerOptions::decode(node, decoder)),
            finally: fields.take("finally").cloned(),
        };
        let list = fields.require("scenarios", decoder);
        fields.finish(decoder);
        let list = list?;
        let Some(items) = list.as_list().filter(|items| !items.is_empty()) else {
            decoder.expected(list, "`scenarios`", "a list of at least one scenario");
            return None;
        };
        let scenarios =
            items.iter().filter_map(|item| Scenario::decode(item, &shared, fragments, decoder)).collect::<Vec<_>>();
        Some(Self { feature: feature?, scenarios })
    }
}

impl Scenario {
    fn decode(
        node: &Node,
        shared: &Shared,
        fragments: &BTreeMap<String, Arc<Fragment>>,
        decoder: &mut Decoder,
    ) -> Option<Self> {
        let mut fields = decoder.fields(node, "a scenario")?;
        let name = fields.require("scenario", decoder);
        fields.take("about").map(|node| decoder.name(node, "`about`"));
        let mut requirements = texts(&mut fields, "requirements", decoder);
        requirements.extend(shared.requirements.iter().cloned());
        let mut tags = names(&mut fields, "tags", decoder);
        tags.extend(shared.tags.iter().cloned());
        let needs = needs(&mut fields, decoder).and(&shared.needs);
        let ignore = fields.take("ignore").and_then(|node| decoder.name(node, "`ignore`, the reason,"));
        let matrix = fields.take("matrix").map_or_else(Vec::new, |node| decode_matrix(node, decoder));
        let steps = fields.require("steps", decoder).map(|node| decode_steps(node, Some(fragments), decoder));
        let mut finally: Vec<Step> = Vec::new();
        for node in [shared.finally.as_ref(), fields.take("finally")].into_iter().flatten() {
            finally.extend(decode_steps(node, Some(fragments), decoder));
        }
        let span = name.map_or_else(|| fields.span().clone(), |node| node.span.clone());
        fields.finish(decoder);
        let scenario = Self {
            name: name.and_then(|node| decoder.name(node, "`scenario`"))?,
            span,
            requirements,
            tags,
            needs,
            ignore,
            matrix,
            server: shared.server.clone(),
            steps: steps?,
            finally,
        };
        scope::check_scenario(&scenario, decoder);
        Some(scenario)
    }
}

impl Fragment {
    /// Reads a fragment file.
    pub fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = decoder.fields(node, "a fragment file")?;
        fields.require("fragment", decoder).map(|node| decoder.name(node, "`fragment`"));
        fields.take("about").map(|node| decoder.name(node, "`about`"));
        let parameters = texts(&mut fields, "parameters", decoder);
        let steps = fields.require("steps", decoder).map(|node| decode_steps(node, None, decoder));
        fields.finish(decoder);
        let fragment = Self { parameters, steps: steps? };
        scope::check_fragment(&fragment, decoder);
        Some(fragment)
    }
}

impl ServerOptions {
    fn decode(node: &Node, decoder: &mut Decoder) -> Self {
        let mut options = Self::default();
        let Some(mut fields) = decoder.fields(node, "`server`") else { return options };
        if let Some(value) = fields.take("persistent").and_then(|node| decoder.bool(node, "`persistent`")) {
            options.persistent = value;
        }
        if let Some(value) = fields.take("read_only").and_then(|node| decoder.bool(node, "`read_only`")) {
            options.read_only = value;
        }
        if let Some(node) = fields.take("engine") {
            match node.as_text() {
                Some("shared") => {}
                Some("private") => options.private_engine = true,
                _ => decoder.expected(node, "`engine`", "`shared` or `private`"),
            }
        }
        options.bounds = Bounds::take(&mut fields, decoder);
        fields.finish(decoder);
        options
    }
}

impl Step {
    /// Where what the step is about is written: behind the verb, such as the name of a tool.
    pub fn subject(&self) -> &Span {
        let entries = self.node.as_map().unwrap_or_default();
        let verb = entries.iter().find(|entry| entry.key.span.start == self.span.start);
        verb.map_or(&self.span, |entry| &entry.value.span)
    }

    /// Reads one step: its verb, the verb's own keys, and the common ones.
    pub fn decode(
        node: &Node,
        fragments: Option<&BTreeMap<String, Arc<Fragment>>>,
        decoder: &mut Decoder,
    ) -> Option<Self> {
        let entries = node.as_map().or_else(|| {
            decoder.expected(node, "a step", "a map with a verb");
            None
        })?;
        let Entry { key, value } = find_verb(node, entries, decoder)?;
        let verb = steps::find(&key.name)?;
        let mut fields = decoder.fields(node, "this step")?;
        fields.take(verb.name());
        let name = fields.take("name").and_then(|node| decoder.name(node, "`name`"));
        let client = fields.take_if(verb.has_client(), "as").and_then(|node| decoder.name(node, "`as`"));
        let when = fields.take("when").inspect(|node| when::check(node, decoder)).cloned();
        let within = fields.take("within");
        let calls = matches!(verb.checkable(), Checkable::Rows | Checkable::Tool);
        let cancel_after =
            fields.take_if(calls, "cancel_after").and_then(|node| decoder.duration(node, "`cancel_after`"));
        let drop_response =
            fields.take_if(calls, "drop_response").filter(|node| decoder.bool(node, "`drop_response`") == Some(true));
        let checks = Checks::decode(&mut fields, verb.checkable(), decoder);
        checks.refuse_two_deadlines(within, decoder);
        if let Some(node) = drop_response {
            checks.refuse_beside_dropped(node, cancel_after.is_some(), decoder);
        }
        let within = within.and_then(|node| decoder.duration(node, "`within`"));
        let action = verb.decode(&Verbal { key, value, fragments }, &mut fields, decoder);
        fields.finish(decoder);
        let action = action?;
        if let Some(statement) = action.statement() {
            checks.require_order(statement, decoder);
        }
        let title = name.unwrap_or_else(|| title(&key.name, value));
        let client = client.unwrap_or_else(|| CLIENT_DEFAULT.to_owned());
        Some(Self {
            span: key.span.clone(),
            title,
            client,
            has_client: verb.has_client(),
            when,
            within,
            cancel_after,
            drop_response: drop_response.is_some(),
            checks,
            action,
            node: node.clone(),
        })
    }
}

fn find_verb<'a>(node: &Node, entries: &'a [Entry], decoder: &mut Decoder) -> Option<&'a Entry> {
    let verbs: Vec<&Entry> = entries.iter().filter(|entry| steps::find(&entry.key.name).is_some()).collect();
    match verbs.as_slice() {
        [verb] => Some(verb),
        [] => {
            let first = entries.first().map_or("", |entry| entry.key.name.as_str());
            let span = entries.first().map_or(&node.span, |entry| &entry.key.span);
            decoder.report(
                Diagnostic::new(span, "this step has no verb", "none of these keys is one")
                    .help_names(first, steps::names()),
            );
            None
        }
        [first, second, ..] => {
            decoder.report(
                Diagnostic::new(
                    &second.key.span,
                    format!("this step has two verbs, `{}` and `{}`", first.key.name, second.key.name),
                    "the second one",
                )
                .help("begin a new step with `- ` before it"),
            );
            None
        }
    }
}

fn title(verb: &str, value: &Node) -> String {
    /// A title is for telling steps apart; the place shows the whole line.
    const TITLE_CHARS_MAX: usize = 60;
    let text = match &value.kind {
        Kind::Text(text, _) => {
            let line = text.lines().next().unwrap_or_default();
            let cut = line.char_indices().nth(TITLE_CHARS_MAX).map_or(line.len(), |(at, _)| at);
            if cut < text.trim_end().len() { format!("{}...", &line[..cut]) } else { line.to_owned() }
        }
        Kind::List(items) => format!("{} items", items.len()),
        Kind::Map(entries) => {
            let parts: Vec<String> = entries
                .iter()
                .map(|entry| format!("{} {}", entry.key.name, vars::written(&entry.value.to_json())))
                .collect();
            parts.join(", ")
        }
        _ => String::new(),
    };
    format!("{verb}: {text}")
}

/// Reads a list of steps.
pub fn decode_steps(
    node: &Node,
    fragments: Option<&BTreeMap<String, Arc<Fragment>>>,
    decoder: &mut Decoder,
) -> Vec<Step> {
    match node.as_list() {
        Some(items) if !items.is_empty() => {
            items.iter().filter_map(|item| Step::decode(item, fragments, decoder)).collect()
        }
        _ => {
            decoder.expected(node, "`steps`", "a list of at least one step");
            Vec::new()
        }
    }
}

fn decode_matrix(node: &Node, decoder: &mut Decoder) -> Vec<(String, Vec<Value>)> {
    let Some(entries) = node.as_map().filter(|entries| !entries.is_empty()) else {
        decoder.expected(node, "`matrix`", "a map of names to lists of values");
        return Vec::new();
    };
    let mut matrix = Vec::new();
    for Entry { key, value } in entries {
        let items = value.as_list().unwrap_or_default();
        let scalars = items.iter().all(|item| !matches!(item.kind, Kind::List(_) | Kind::Map(_)));
        if items.is_empty() || !scalars {
            decoder.expected(value, "a matrix line", "a list of at least one text, number or boolean");
            continue;
        }
        matrix.push((key.name.clone(), items.iter().map(Node::to_json).collect()));
    }
    matrix
}

fn texts(fields: &mut Fields<'_>, name: &'static str, decoder: &mut Decoder) -> Vec<(String, Span)> {
    fields.take(name).map_or_else(Vec::new, |node| decoder.texts(node, name))
}

fn needs(fields: &mut Fields<'_>, decoder: &mut Decoder) -> Needs {
    fields.take("needs").map_or_else(Needs::default, |node| Needs::decode(node, decoder))
}

fn names(fields: &mut Fields<'_>, name: &'static str, decoder: &mut Decoder) -> Vec<String> {
    texts(fields, name, decoder).into_iter().map(|(text, _)| text).collect()
}
