//! What the tests of the workspace share; they live beside this file.

pub mod golden;
