//! The smallest servers: they say the same bytes to everybody, or nothing at all.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// A server that answers each request with `answer` and waits for the client to close.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Tells of each client that has left.
    pub(crate) left: Receiver<()>,
    /// Tells of each client that has asked.
    pub(crate) asked: Receiver<()>,
}

impl Server {
    pub(crate) fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let ((leaves, left), (asks, asked)) = (channel(), channel());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, leaves, asks) = (answer.clone(), leaves.clone(), asks.clone());
                std::thread::spawn(move || {
                    // The test may be over.
                    serve(client, &answer, || {
                        let _ = asks.send(());
                    });
                    let _ = leaves.send(());
                });
            }
        });
        Self {
            address,
            left,
            asked,
        }
    }

    /// A web server with one page.
    pub(crate) fn page(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::saying(format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{body}"
        ))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

fn serve(mut client: TcpStream, answer: &[u8], asked: impl Fn()) {
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match client.read(&mut some) {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&some[..count]),
        }
    }
    asked();
    if answer.is_empty() {
        // Nothing is said, and the line stays open until the client gives up.
        let _ = client.read(&mut some);
        return;
    }
    // A client that does not like what it hears may leave in the middle.
    let _ = client.write_all(answer);
    let _ = client.shutdown(std::net::Shutdown::Write);
    while client.read(&mut some).is_ok_and(|count| count > 0) {}
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    listener.local_addr().expect("its address")
}
