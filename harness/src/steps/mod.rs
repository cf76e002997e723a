//! One file a step. To add one: a file, a `mod` line and a line in [`ALL`].

mod call;
mod complete;
mod engine;
mod execute;
pub mod file;
mod list;
mod mkdir;
mod not_notified;
mod notified;
mod parallel;
mod prompt;
mod query;
mod read;
mod remove;
mod rename;
mod restart;
mod subscribe;
mod unsubscribe;
mod r#use;
mod write;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures::future::LocalBoxFuture;

use crate::calls::{Expansion, ToolCall};
use crate::checks::Checkable;
use crate::decode::{Decoder, Fields};
use crate::run::{Answer, Failure, Frame};
use crate::scenario::{Fragment, Step};
use crate::schema::shape::Shape;
use crate::syntax::{Key, Node};

/// A kind of step.
pub trait Verb: Sync {
    /// The key that makes a map this step.
    fn name(&self) -> &'static str;

    /// Which checks its answer can be put to.
    fn checkable(&self) -> Checkable;

    /// How it is written, for the editors' schema: the keys that [`Verb::decode`] reads, and no other.
    fn shape(&self) -> Shape;

    /// Whether a client does it, so that `as` can name one.
    fn has_client(&self) -> bool {
        !matches!(self.checkable(), Checkable::Itself | Checkable::Nothing)
    }

    /// Reads the step's own keys; the common ones are read by [`Step::decode`].
    fn decode(&self, verb: &Verbal<'_>, fields: &mut Fields<'_>, decoder: &mut Decoder) -> Option<Box<dyn Action>>;
}

/// What a [`Verb`] reads from.
#[derive(Debug, Clone, Copy)]
pub struct Verbal<'a> {
    /// The verb's key.
    pub key: &'a Key,
    /// What stands behind it.
    pub value: &'a Node,
    /// The fragments that `use` can name; inside a fragment there are none.
    pub fragments: Option<&'a BTreeMap<String, Arc<Fragment>>>,
}

/// A step that was read, ready to be done any number of times.
pub trait Action: Debug + Send + Sync {
    /// Does the step.
    ///
    /// # Errors
    ///
    /// What kept the step from being done; what comes of doing it is the answer, tool errors included.
    fn perform<'a>(&'a self, frame: &'a Frame<'a>, step: &'a Step) -> LocalBoxFuture<'a, Result<Answer, Failure>>;

    /// The SQL whose rows the step checks.
    fn statement(&self) -> Option<&Node> {
        None
    }

    /// The tool call that the step makes.
    fn call(&self) -> Option<&ToolCall> {
        None
    }

    /// The fragment whose steps this one stands for.
    fn expansion(&self) -> Option<Expansion<'_>> {
        None
    }

    /// Whether doing it is a check, so that `eventually` repeats it when it fails.
    fn checks_itself(&self) -> bool {
        false
    }

    /// Whether it does something to hyperd that nobody else's scenario may suffer.
    fn strikes_engine(&self) -> bool {
        false
    }

    /// Whether it looks only, so that `notified` still speaks of the step before.
    fn only_looks(&self) -> bool {
        false
    }

    /// Whether it keeps to `within` by itself.
    fn keeps_time(&self) -> bool {
        false
    }

    /// The steps inside this one.
    fn inner(&self) -> Option<&[Step]> {
        None
    }
}

/// Every step, alphabetical.
pub const ALL: [&dyn Verb; 20] = [
    &call::Call,
    &complete::Complete,
    &engine::Engine,
    &execute::Execute,
    &file::File,
    &list::List,
    &mkdir::Mkdir,
    &not_notified::NotNotified,
    &notified::Notified,
    &parallel::Parallel,
    &prompt::Prompt,
    &query::Query,
    &read::Read,
    &remove::Remove,
    &rename::Rename,
    &restart::Restart,
    &subscribe::Subscribe,
    &unsubscribe::Unsubscribe,
    &r#use::Use,
    &write::Write,
];

/// The step of that name.
pub fn find(name: &str) -> Option<&'static dyn Verb> {
    ALL.into_iter().find(|verb| verb.name() == name)
}

/// The names of all steps.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(Verb::name)
}
