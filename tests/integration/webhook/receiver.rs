//! A receiver of webhooks on loopback that writes down what it gets, and can be told how to answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

use crate::support::waiting::until_some;

/// 32 bytes.
pub(super) const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// With this status.
    Status(u16),
    /// It ends connections before it has read anything.
    Closes,
    /// It reads, and says nothing until the sender has gone away.
    Hangs,
    /// It says this, and nothing more until the sender has gone away.
    Says(&'static str),
    /// It says yes, and then more and more until the sender has gone away.
    Pours,
    /// It says a byte a second.
    Trickles,
}

/// A request, and how it was answered.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) manner: Manner,
    pub(super) head: Vec<String>,
    pub(super) body: Vec<u8>,
    /// The sender has gone away, or has its answer.
    pub(super) left: bool,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> &str {
        let name = format!("{name}: ");
        let line = self.head.iter().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("no {name} in {:?}", self.head))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }

    pub(super) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Checks the signature as a receiver should.
    pub(super) fn assert_signed(&self) {
        assert!(self.is_signed_with(SECRET), "the signature is wrong");
    }

    /// Whether one of the signatures is right to a receiver that knows this secret only.
    pub(super) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.unwrap());
        let (id, timestamp) = (self.id(), self.header("webhook-timestamp"));
        let mut content = format!("{id}.{timestamp}.").into_bytes();
        content.extend(&self.body);
        self.header("webhook-signature")
            .split(' ')
            .any(|signature| {
                let signature = signature.strip_prefix("v1,").expect("a version");
                let signature = STANDARD.decode(signature).expect("base64");
                hmac::verify(&key, &content, &signature).is_ok()
            })
    }
}

#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            manner: Arc::new(Mutex::new(Manner::Status(204))),
            got: Arc::default(),
        };
        let serving = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.serve(stream);
            }
        });
        receiver
    }

    fn serve(&self, mut stream: TcpStream) {
        let manner = *self.manner.lock().unwrap();
        if manner == Manner::Closes {
            return;
        }
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            // A sender that was killed has said half.
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut got = Got {
            manner,
            head,
            body: Vec::new(),
            left: false,
        };
        let mut body = vec![0; got.header("content-length").parse().unwrap()];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        got.body = body;
        let place = {
            let mut all = self.got.lock().unwrap();
            all.push(got);
            all.len() - 1
        };
        // The sender may have been killed, or want no more.
        let _ = match manner {
            Manner::Status(status) => {
                let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes())
            }
            Manner::Hangs => until_it_leaves(&mut stream),
            Manner::Says(text) => {
                let said = stream.write_all(text.as_bytes());
                said.and_then(|()| until_it_leaves(&mut stream))
            }
            Manner::Pours => pour(&mut stream),
            Manner::Trickles => trickle(&mut stream),
            Manner::Closes => Ok(()),
        };
        self.got.lock().unwrap()[place].left = true;
    }

    pub(super) fn be(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(super) fn all(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// What it has taken, in its order.
    pub(super) fn taken(&self) -> Vec<Got> {
        let mut all = self.all();
        all.retain(|got| matches!(got.manner, Manner::Status(200..300)));
        all
    }

    /// Waits until it has taken so many.
    pub(super) fn wait_for(&self, count: usize) -> Vec<Got> {
        until_some(&format!("{count} events are taken"), || {
            let taken = self.taken();
            (taken.len() >= count).then_some(taken)
        })
    }

    /// Waits for a request that was answered in this manner.
    pub(super) fn wait_for_one(&self, manner: Manner, kind: &str) -> Got {
        until_some(&format!("{kind} is sent"), || {
            let all = self.all();
            all.into_iter()
                .find(|got| got.manner == manner && got.kind() == kind)
        })
    }
}

fn until_it_leaves(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0]).map(|_| ())
}

fn pour(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    loop {
        stream.write_all(b"4\r\nmore\r\n")?;
    }
}

fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: yes\r\n\r\n" {
        stream.write_all(&[*byte])?;
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}
