//! The pages of the listener, from a scene made by hand.

mod documented;
mod documents;
mod history;
mod lines;
mod listener;
mod page;
pub(crate) mod scene;
