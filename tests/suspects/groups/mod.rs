//! The suspects, by the group of requirements that they break. One is added by a line in its group's list.

mod alias;
mod catalog;
mod copy;
mod detach;
mod execute;
mod export;
mod kv;
mod load;
mod merge;
mod protocol;
mod query;
mod readonly;
mod route;
mod watch;

use crate::suspect::Suspect;

/// Every group and its suspects.
pub(crate) const GROUPS: [(&str, &[Suspect]); 14] = [
    ("alias", alias::SUSPECTS),
    ("catalog", catalog::SUSPECTS),
    ("copy", copy::SUSPECTS),
    ("detach", detach::SUSPECTS),
    ("execute", execute::SUSPECTS),
    ("export", export::SUSPECTS),
    ("kv", kv::SUSPECTS),
    ("load", load::SUSPECTS),
    ("merge", merge::SUSPECTS),
    ("protocol", protocol::SUSPECTS),
    ("query", query::SUSPECTS),
    ("readonly", readonly::SUSPECTS),
    ("route", route::SUSPECTS),
    ("watch", watch::SUSPECTS),
];
