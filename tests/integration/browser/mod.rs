//! The status page as people see it: Chromium looks at a running daemon in every state, in a
//! network namespace where there is nothing else to be asked.
//!
//! What it must be in every state (nothing for axe to find, nothing on the console, no request to
//! anybody else, nothing wider than the screen) is in [`look`]; what a screen reader reads is in
//! `trees/`, and `BASCULE_REFRESH=1` writes that anew. The sentence above all is in the tests.

mod look;
mod past;
mod pictures;
mod scene;
mod states;
mod stopped;
mod tree;
