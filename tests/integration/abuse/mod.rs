//! Everybody that bascule talks to, as an attacker: what is probed, and who answers for it.

mod attack;
mod dns;
mod h2;
mod names;
mod redirects;
mod server;
mod tls;
