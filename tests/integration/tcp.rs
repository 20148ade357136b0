//! The TCP layer, several addresses of one name, and trouble of our own.

mod addresses;
mod connect;
mod ours;
mod standing;
