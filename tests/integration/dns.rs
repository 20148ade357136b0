//! Names asked of real sockets: every reason of the layer `dns`, every transport, the files of
//! the system, and real name servers.

mod believing;
mod expectations;
mod ours;
mod reasons;
mod records;
mod secure;
mod servers;
mod standing;
mod system;
mod transports;
