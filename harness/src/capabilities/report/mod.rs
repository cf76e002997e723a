//! What a run found, told: changes grouped by cause, each with what rests on it.

pub mod github;
pub mod group;
pub mod html;
pub mod json;
pub mod junit;
pub mod readme;
pub mod table;
