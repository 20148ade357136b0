//! Tests against real sockets, real servers and the real binary. One binary, many modules.

#![allow(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a fault is told"
)]

mod abuse;
mod access;
mod browser;
mod catalog;
mod cli;
mod config;
mod daemon;
mod dashboards;
mod dns;
mod history;
mod http;
mod late;
mod machine;
mod memory;
mod reasons;
mod replays;
mod rules;
mod secrets;
mod support;
mod systemd;
mod tcp;
mod tls;
mod web;
mod webhook;
mod week;
mod world;
