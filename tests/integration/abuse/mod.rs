//! Everybody that bascule talks to, as an attacker: what is probed, and who answers for it; and
//! the clients of its listener. Each abuse is bounded and ends by itself.

mod attack;
mod crowd;
mod dns;
mod files;
mod h2;
mod half_open;
mod listener;
mod locked;
mod names;
mod redirects;
mod rubbish;
mod server;
mod tls;
mod victim;
