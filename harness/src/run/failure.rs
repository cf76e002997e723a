//! Why a case failed: a place in the scenario, what is wrong there, and everything that helps to see why.

use crate::mend::Mend;
use crate::pattern::Mismatch;
use crate::source::{Diagnostic, Span};

/// One thing that went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The place in the scenario.
    pub span: Span,
    /// One line that says what is wrong.
    pub title: String,
    /// What stands under the marked text.
    pub label: String,
    /// What to do next.
    pub help: Option<String>,
    /// What the scenario expects and what came, one by one.
    pub differences: Vec<Mismatch>,
    /// What would have to be written for them to be gone; nothing where no value could.
    pub mends: Vec<Mend>,
    /// Whatever else helps. The traffic and the log are the step's, not the failure's.
    pub sections: Vec<Section>,
    /// The number of the step that failed; none where the failure belongs to no step.
    pub step: Option<usize>,
    /// Whether the scenario could not be run at all, which says nothing about the server's behaviour.
    pub could_not_run: bool,
}

/// A part of a failure's text under a heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// What it is.
    pub heading: String,
    /// Its lines.
    pub body: String,
}

impl Failure {
    /// A failure with nothing but its place.
    pub fn new(span: &Span, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            span: span.clone(),
            title: title.into(),
            label: label.into(),
            help: None,
            differences: Vec::new(),
            mends: Vec::new(),
            sections: Vec::new(),
            step: None,
            could_not_run: false,
        }
    }

    /// A failure of the stage, not of the server.
    pub fn could_not_run(span: &Span, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self { could_not_run: true, ..Self::new(span, title, label) }
    }

    /// One line: what is wrong, and what stands at the marked place.
    pub fn headline(&self) -> String {
        if self.label.is_empty() { self.title.clone() } else { format!("{} ({})", self.title, self.label) }
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what differs.
    #[must_use]
    pub fn differences(mut self, differences: Vec<Mismatch>) -> Self {
        self.differences = differences;
        self
    }

    /// Adds a section, unless it is empty.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>, body: impl Into<String>) -> Self {
        let section = Section { heading: heading.into(), body: body.into() };
        if !section.body.trim().is_empty() {
            self.sections.push(section);
        }
        self
    }
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Self {
        Self { help: problem.help, ..Self::new(&problem.span, problem.title, problem.label) }
    }
}
