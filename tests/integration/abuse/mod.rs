//! What hostile clients do to the daemon, and what it may cost: each abuse is bounded and ends by
//! itself, and meanwhile the daemon probes on, is scraped, and does not grow.

mod attack;
mod half_open;
mod listener;
mod locked;
mod rubbish;
mod victim;
