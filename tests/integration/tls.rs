//! The TLS layer: every reason at a server that provokes it, in the order of judging, and
//! the facts that stay whatever happens.

mod certificates;
mod facts;
mod handshake;
mod memory;
