//! One question to one name server: over datagrams, a connection, or a connection inside TLS.
//!
//! Every exchange has sockets of its own, so nothing is cached and nothing is shared: what is
//! measured is what a user would get now. Datagrams go over a *connected* socket; only so does
//! the kernel tell us that nobody listens there, and only so are strangers' datagrams kept
//! out. A datagram may get lost on a healthy network, so the same question is sent once more
//! if a third of the time (at most a second) brought nothing; one lost packet is no failure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::fault;
use super::wire::{Heard, Question, Reply};
use crate::model::{Cause, Families, Family, Reason, Transport};
use crate::probe::deadline::Deadline;
use crate::probe::global::is_global;
use crate::probe::tap::Tap;

/// Room for one datagram: three times what we announce. A larger one counts as cut.
const DATAGRAM: usize = 4096;

/// Most bytes that a server of DNS over TLS or HTTPS may send: its handshake, one message, and
/// what is usual around it.
const CONVERSATION: usize = 512 * 1024;

/// Datagrams that answer another question, after which there is a pause: somebody floods us, and
/// reading all of it would take the processor from the other rounds. What comes meanwhile waits in
/// the kernel, or is lost there.
const BURST: u32 = 32;
const PAUSE: Duration = Duration::from_millis(2);

/// The longest that silence is waited for before the same datagram is sent again.
const MAX_PATIENCE: Duration = Duration::from_secs(1);

/// What came of a question to one server.
#[derive(Debug)]
pub(super) struct Exchange {
    /// A well-formed answer, or why there is none.
    pub(super) outcome: Result<Reply, Cause>,
    /// What carried the answer, or the question if there is none.
    pub(super) transport: Transport,
    /// The first answer was cut, so a connection was used.
    pub(super) truncated: bool,
    /// Where it was asked, and who is there.
    pub(super) met: Met,
}

impl Exchange {
    pub(super) const fn over(
        transport: Transport,
        met: Met,
        outcome: Result<Reply, Cause>,
    ) -> Self {
        Self {
            outcome,
            transport,
            truncated: false,
            met,
        }
    }
}

/// Which servers were asked, and which of them gave a sign of life: an open connection or a
/// reply, whatever it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// Families in which a server beyond our own network is alive.
    pub(super) alive: Families,
    /// Families in which a server beyond our own network gave no sign.
    pub(super) silent: Families,
    /// A server of our own network was asked.
    pub(super) near: bool,
}

impl Met {
    /// Nobody was asked.
    pub(super) const NOBODY: Self = Self {
        alive: Families::NONE,
        silent: Families::NONE,
        near: false,
    };

    pub(super) const fn at(server: SocketAddr, is_alive: bool) -> Self {
        let family = Families::only(Family::of(server.ip().to_canonical()));
        let mut met = Self::NOBODY;
        match (is_global(server.ip()), is_alive) {
            (true, true) => met.alive = family,
            (true, false) => met.silent = family,
            (false, _) => met.near = true,
        }
        met
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            alive: self.alive.union(other.alive),
            silent: self.silent.union(other.silent),
            near: self.near || other.near,
        }
    }
}

/// Asks over datagrams; over a connection where the answer was cut.
pub(super) async fn udp(server: SocketAddr, question: &Question, until: Deadline) -> Exchange {
    let mut heard = datagram(server, question, true, until).await;
    if let Ok(Some(reply)) = &heard
        && reply.code == ResponseCode::FormErr
        && !reply.edns
    {
        // A server from before EDNS (RFC 6891, 6.2.2): other resolvers would ask plainly too.
        heard = datagram(server, question, false, until).await;
    }
    let met = Met::at(server, heard.is_ok());
    match heard {
        Ok(Some(reply)) => Exchange::over(Transport::Udp, met, Ok(reply)),
        Ok(None) => Exchange {
            truncated: true,
            met,
            ..tcp(server, question, until).await
        },
        Err(cause) => Exchange::over(Transport::Udp, met, Err(cause)),
    }
}

/// Asks over a connection.
pub(super) async fn tcp(server: SocketAddr, question: &Question, until: Deadline) -> Exchange {
    let connected = connect(server, until).await;
    let met = Met::at(server, connected.is_ok());
    let outcome = match connected {
        Ok(stream) => converse(stream, server, question, until).await,
        Err(cause) => Err(cause),
    };
    Exchange::over(Transport::Tcp, met, outcome)
}

/// Asks over TLS (RFC 7858); the server must prove its name.
pub(super) async fn tls(
    server: SocketAddr,
    name: &ServerName<'static>,
    config: &Arc<ClientConfig>,
    question: &Question,
    until: Deadline,
) -> Exchange {
    let connected = connect(server, until).await;
    let met = Met::at(server, connected.is_ok());
    let outcome = async {
        let stream = handshake(connected?, server, name, config, until).await?;
        converse(stream, server, question, until).await
    };
    Exchange::over(Transport::Tls, met, outcome.await)
}

/// Opens a connection.
pub(super) async fn connect(server: SocketAddr, until: Deadline) -> Result<TcpStream, Cause> {
    let stream = until
        .run(TcpStream::connect(server))
        .await
        .map_err(|late| fault::expired(format!("no connection to {server} in time"), late))?
        .map_err(|error| fault::while_connecting(server, &error))?;
    // Without it, a question in two writes can wait for an acknowledgement; only speed is lost.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Makes a handshake on a connection.
pub(super) async fn handshake(
    stream: TcpStream,
    server: SocketAddr,
    name: &ServerName<'static>,
    config: &Arc<ClientConfig>,
    until: Deadline,
) -> Result<TlsStream<Tap<TcpStream>>, Cause> {
    let (stream, _valve) = Tap::new(stream, CONVERSATION, "in one conversation");
    until
        .run(TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream))
        .await
        .map_err(|late| fault::expired(format!("no TLS handshake with {server} in time"), late))?
        .map_err(|error| {
            Cause::new(
                Reason::DnsUnreachable,
                format!(
                    "the TLS handshake with {server} failed: {}",
                    fault::quote(&error)
                ),
            )
        })
}

/// One datagram there, one back; `None` is an answer that was cut.
async fn datagram(
    server: SocketAddr,
    question: &Question,
    edns: bool,
    until: Deadline,
) -> Result<Option<Reply>, Cause> {
    let ours = |error| fault::before_sending(server, &error);
    let theirs = |error| fault::after_sending(server, &error);
    let sent = question.encode(edns)?;
    let socket = UdpSocket::bind(fault::any_for(server))
        .await
        .map_err(ours)?;
    socket.connect(server).await.map_err(ours)?;
    socket.send(&sent.bytes).await.map_err(ours)?;

    let mut patience = Some(Deadline::after(MAX_PATIENCE.min(until.remaining() / 3)));
    let mut strangers = 0_u32;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let wait = patience.map_or(until, |patience| patience.min(until));
        let length = match wait.run(socket.recv(&mut buffer)).await {
            Ok(received) => received.map_err(theirs)?,
            Err(_) if patience.take().is_some() => {
                socket.send(&sent.bytes).await.map_err(theirs)?;
                continue;
            }
            Err(expired) => {
                return Err(fault::expired(
                    unanswered(server, "twice", strangers),
                    expired,
                ));
            }
        };
        match question.read(sent.id, &buffer[..length]) {
            Heard::Reply(reply) => return Ok(Some(reply)),
            Heard::Truncated => return Ok(None),
            // It bears our number, but is larger than a datagram of ours may be.
            Heard::Unreadable(_) if length == DATAGRAM => return Ok(None),
            Heard::Unreadable(why) => return Err(unreadable(server, &why)),
            Heard::Foreign => {
                strangers = strangers.saturating_add(1);
                if strangers.is_multiple_of(BURST)
                    && let Err(expired) = until.run(sleep(PAUSE)).await
                {
                    let times = if patience.is_some() { "once" } else { "twice" };
                    return Err(fault::expired(
                        unanswered(server, times, strangers),
                        expired,
                    ));
                }
            }
        }
    }
}

fn unanswered(server: SocketAddr, times: &str, strangers: u32) -> String {
    let beside = match strangers {
        0 => String::new(),
        n => format!(" ({n} datagrams that do not answer the question were ignored)"),
    };
    format!("no answer from {server} in time, asked {times}{beside}")
}

/// One message there, one back, each behind its length.
pub(super) async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    server: SocketAddr,
    question: &Question,
    until: Deadline,
) -> Result<Reply, Cause> {
    let sent = question.encode(true)?;
    let length = u16::try_from(sent.bytes.len()).unwrap_or(u16::MAX);
    let mut framed = Vec::with_capacity(2 + sent.bytes.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(&sent.bytes);

    let mut answer = Vec::new();
    let mut announced = None;
    let talk = async {
        stream.write_all(&framed).await?;
        stream.flush().await?;
        let length = stream.read_u16().await?;
        announced = Some(length);
        // Grows with what comes, not with what is announced.
        (&mut stream)
            .take(u64::from(length))
            .read_to_end(&mut answer)
            .await
    };
    let talked = until
        .run(talk)
        .await
        .map_err(|late| fault::expired(format!("no answer from {server} in time"), late))?;
    match (talked, announced) {
        (Err(error), _) => return Err(fault::after_sending(server, &error)),
        (Ok(got), Some(length)) if got < usize::from(length) => {
            return Err(unreadable(
                server,
                &format!("it ends after {got} of {length} bytes"),
            ));
        }
        (Ok(_), _) => {}
    }
    whole(server, question, sent.id, &answer)
}

/// Reads a message from a stream: there, everything that comes is meant for us and complete.
pub(super) fn whole(
    server: SocketAddr,
    question: &Question,
    id: u16,
    bytes: &[u8],
) -> Result<Reply, Cause> {
    match question.read(id, bytes) {
        Heard::Reply(reply) => Ok(reply),
        Heard::Truncated => Err(unreadable(server, "it is cut, although nothing limits it")),
        Heard::Foreign => Err(unreadable(server, "it answers another question")),
        Heard::Unreadable(why) => Err(unreadable(server, &why)),
    }
}

pub(super) fn unreadable(server: SocketAddr, why: &str) -> Cause {
    Cause::new(
        Reason::DnsMalformed,
        format!("the answer of {server} cannot be read: {why}"),
    )
}
