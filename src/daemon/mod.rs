//! The wiring: builds the rooms, starts and stops them in order, reloads.
