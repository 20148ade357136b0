//! The pages of the listener, from a scene made by hand.

mod badge;
mod described;
mod documented;
mod documents;
mod feed;
mod history;
mod lines;
mod listener;
mod outage;
mod page;
pub(crate) mod scene;
