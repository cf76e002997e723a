//! The tests of the workspace live beside this file; it has no code of its own.
