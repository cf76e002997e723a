//! What a case does while it runs, step by step, and what is kept of it afterwards.

use std::cell::RefCell;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::report::{Spoken, StepReport, StepVerdict, TRAFFIC_BYTES_MAX};
use crate::scenario::Step;
use crate::source::Span;
use crate::target::{Message, Traffic};

/// The steps of one case, in the order in which they began.
#[derive(Debug)]
pub struct Journal {
    began: Instant,
    entries: RefCell<Vec<Entry>>,
    server_version: RefCell<Option<String>>,
}

#[derive(Debug)]
struct Entry {
    parent: Option<usize>,
    title: String,
    span: Span,
    client: String,
    began: Instant,
    ended: Option<(Instant, StepVerdict)>,
    heard: Vec<Message>,
    log: Range<usize>,
}

/// Where a client's traffic stood when a step began.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark(Option<(Traffic, usize)>);

impl Mark {
    pub(super) fn of(traffic: Option<&Traffic>) -> Self {
        Self(traffic.map(|traffic| (traffic.clone(), traffic.len())))
    }

    /// Where the step's own messages begin in `traffic`: at its beginning, where the client connected since.
    pub(super) fn from(&self, traffic: &Traffic) -> usize {
        self.0.as_ref().filter(|(marked, _)| marked.is(traffic)).map_or(0, |(_, from)| *from)
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { began: Instant::now(), entries: RefCell::default(), server_version: RefCell::default() }
    }
}

impl Journal {
    /// Notes that a step begins, inside the step of number `parent`; the answer is its own number, counted from 1.
    pub(super) fn begin(&self, step: &Step, parent: Option<usize>, log_from: usize) -> usize {
        let mut entries = self.entries.borrow_mut();
        entries.push(Entry {
            parent,
            title: step.title.clone(),
            span: step.span.clone(),
            client: step.client.clone(),
            began: Instant::now(),
            ended: None,
            heard: Vec::new(),
            log: log_from..log_from,
        });
        entries.len()
    }

    /// Notes how the step ended, and what its client said and heard meanwhile.
    pub(super) fn end(&self, number: usize, verdict: StepVerdict, heard: Vec<Message>, log_to: usize) {
        let mut entries = self.entries.borrow_mut();
        // The steps inside have told their own traffic.
        let inner = entries.iter().any(|entry| entry.parent == Some(number));
        let Some(entry) = number.checked_sub(1).and_then(|index| entries.get_mut(index)) else { return };
        entry.ended = Some((Instant::now(), verdict));
        entry.heard = if inner { Vec::new() } else { heard };
        entry.log.end = log_to;
    }

    /// Notes the version that a server said it has.
    pub(super) fn met(&self, version: Option<String>) {
        if version.is_some() {
            self.server_version.replace(version);
        }
    }

    /// The version that the case's server said it has.
    pub(super) fn server_version(&self) -> Option<String> {
        self.server_version.borrow().clone()
    }

    /// The steps as a report keeps them. Without `evidence` nothing of what was said stays; with it, the last steps'
    /// traffic stays first when all of it is too much.
    pub(super) fn close(&self, evidence: bool) -> Vec<StepReport> {
        let entries = self.entries.take();
        let mut left = if evidence { TRAFFIC_BYTES_MAX } else { 0 };
        let mut children: Vec<Vec<StepReport>> = entries.iter().map(|_| Vec::new()).collect();
        let mut roots = Vec::new();
        // An inner step begins after its outer one, so from the end on all inner ones are known.
        for (index, entry) in entries.into_iter().enumerate().rev() {
            let mut steps = std::mem::take(&mut children[index]);
            steps.reverse();
            let parent = entry.parent;
            let report = self.told(index + 1, entry, steps, &mut left);
            match parent.and_then(|number| children.get_mut(number - 1)) {
                Some(siblings) => siblings.push(report),
                None => roots.push(report),
            }
        }
        roots.reverse();
        roots
    }

    fn told(&self, number: usize, entry: Entry, steps: Vec<StepReport>, left: &mut usize) -> StepReport {
        let (ended, verdict) = entry.ended.unwrap_or_else(|| (Instant::now(), StepVerdict::Unfinished));
        let mut traffic: Vec<Spoken> = Vec::new();
        for message in entry.heard.iter().rev() {
            if *left == 0 {
                break;
            }
            let spoken = Spoken::of(message, self.began);
            *left = left.saturating_sub(spoken.text.len());
            traffic.push(spoken);
        }
        traffic.reverse();
        StepReport {
            number,
            title: entry.title,
            span: entry.span,
            client: entry.client,
            offset: entry.began.saturating_duration_since(self.began),
            elapsed: ended.saturating_duration_since(entry.began),
            verdict,
            messages: entry.heard.len(),
            traffic,
            log: entry.log,
            steps,
        }
    }

    /// How long ago the case began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::source::Source;
    use crate::target::Direction;

    fn journal(messages: usize) -> Journal {
        let source = Source { shown: "a.yaml".to_owned(), path: PathBuf::new(), text: String::new() };
        let now = Instant::now();
        let said = |n: usize| Message { direction: Direction::Sent, at: now, body: Arc::new(Value::from(body(n))) };
        let entry = |parent, heard| Entry {
            parent,
            title: String::new(),
            span: Span::new(&Arc::new(source), 0, 0),
            client: String::new(),
            began: now,
            ended: None,
            heard,
            log: 0..0,
        };
        let journal = Journal::default();
        journal.entries.borrow_mut().push(entry(None, (0..messages).map(said).collect()));
        journal
    }

    fn body(n: usize) -> String {
        format!("{n} {}", "x".repeat(64 * 1024))
    }

    #[test]
    fn of_much_traffic_the_end_is_kept_and_the_rest_is_counted() {
        let steps = journal(1000).close(true);
        let step = &steps[0];
        let bytes: usize = step.traffic.iter().map(|spoken| spoken.text.len()).sum();
        assert_eq!((step.messages, step.verdict), (1000, StepVerdict::Unfinished));
        assert!((TRAFFIC_BYTES_MAX..TRAFFIC_BYTES_MAX * 11 / 10).contains(&bytes), "{bytes}");
        let last = step.traffic.last().map(|spoken| spoken.text[..6].to_owned());
        assert_eq!(last.as_deref(), Some("\"999 x"));
    }

    #[test]
    fn without_evidence_only_the_count_is_kept() {
        let steps = journal(3).close(false);
        assert_eq!((steps[0].messages, steps[0].traffic.len()), (3, 0));
    }
}
