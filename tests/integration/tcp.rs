//! The TCP layer, several addresses of one name, and trouble of our own.

mod addresses;
mod canaries;
mod connect;
mod ours;
mod standing;
