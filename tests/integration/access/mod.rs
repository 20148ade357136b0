//! Who comes in at the listeners: TLS, client certificates, passwords, and what the public sees.

mod check;
mod passwords;
mod prometheus;
mod public;
mod reload;
mod scene;
mod tls;
