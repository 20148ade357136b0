//! The built-in default against a world in a network namespace.
