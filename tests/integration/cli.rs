//! What a person or a script at the terminal sees: JSON, drawing, sentences, exit codes.

mod checking;
pub(crate) mod commands;
mod drawing;
mod guarded;
mod json;
mod probing;
pub(crate) mod pty;
pub(crate) mod rounds;
mod running;
mod server;
mod states;
mod watching;
