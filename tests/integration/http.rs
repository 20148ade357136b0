//! The HTTP layer and the content: every reason at a server that provokes it, redirects,
//! walls, and servers that mean harm.

mod bodies;
mod content;
mod exchange;
mod hostile;
mod redirects;
mod walls;
