//! One file a matcher. To add one: a file, a `mod` line and a line in [`ALL`].

mod absent;
mod any;
mod approx;
mod contains;
mod each;
mod ends_with;
mod exact;
mod gt;
mod gte;
mod includes;
mod json;
mod len;
mod lt;
mod lte;
mod not;
mod one_of;
mod regex;
mod starts_with;
mod timestamp;
mod r#type;
mod unordered;
mod uuid;

pub(crate) use unordered::pair_all;

use serde_json::Value;

use crate::mend::Mender;
use crate::pattern::{Check, Mismatch};
use crate::syntax::Node;

/// A way to say what a value must be like when its exact value is not known.
pub trait Matcher: Sync {
    /// The name, with its `$`.
    fn name(&self) -> &'static str;

    /// How it is written; shown as help when it is written wrongly.
    fn example(&self) -> &'static str;

    /// The form of its argument as a JSON Schema, for editors; `None` where it takes none.
    fn argument(&self) -> Option<Value>;

    /// Whether the argument (`None` for a bare `$name`) can be worked with.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the argument.
    fn accepts(&self, argument: Option<&Node>) -> Result<(), String>;

    /// The parts of the argument that are expectations themselves.
    fn patterns<'a>(&self, _argument: &'a Node) -> Vec<&'a Node> {
        Vec::new()
    }

    /// Holds the value against the argument; each difference goes to `out`.
    fn check(&self, check: &Check<'_>, out: &mut Vec<Mismatch>);

    /// Puts what `actual` has into the argument, which does not hold. `false` where the matcher is a rule and not a value.
    fn mend(&self, _argument: &Node, _actual: &Value, _mender: &mut Mender<'_>) -> bool {
        false
    }
}

/// Every matcher, alphabetical.
pub const ALL: [&dyn Matcher; 22] = [
    &absent::Absent,
    &any::Any,
    &approx::Approx,
    &contains::Contains,
    &each::Each,
    &ends_with::EndsWith,
    &exact::Exact,
    &gt::Gt,
    &gte::Gte,
    &includes::Includes,
    &json::Json,
    &len::Len,
    &lt::Lt,
    &lte::Lte,
    &not::Not,
    &one_of::OneOf,
    &regex::Regex,
    &starts_with::StartsWith,
    &timestamp::Timestamp,
    &r#type::Type,
    &unordered::Unordered,
    &uuid::Uuid,
];

/// The matcher of that name.
pub fn find(name: &str) -> Option<&'static dyn Matcher> {
    ALL.into_iter().find(|matcher| matcher.name() == name)
}

/// The names of all matchers.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(Matcher::name)
}
