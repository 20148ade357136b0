//! What the tests share: servers of every kind of misbehaviour, certificates, ports.
