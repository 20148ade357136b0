//! Tests against real sockets, real servers and the real binary. One binary, many modules.

mod catalog;
mod cli;
mod config;
mod daemon;
mod dns;
mod http;
mod support;
mod tls;
mod world;
