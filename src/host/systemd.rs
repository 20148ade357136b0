//! systemd, if it started us: what it is told, and the sockets that it hands over.
//!
//! The protocol is that of `sd_notify(3)` and `sd_listen_fds(3)`. Nothing here decides what to
//! say, or when. Where nobody asked to be told, telling does nothing.
//!
//! It is told on a thread of its own, as a service manager that hangs must not hold up what is
//! probed. That thread makes no word: a keep-alive is only ever what the loop has said.

mod waiting;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use sd_notify::NotifyState;

use self::waiting::Waiting;
use super::teller::Teller;

/// How long the end waits for what was said before to be told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Something that the service manager wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The start, or a reload, is complete.
    Ready,
    /// A reload has begun, now.
    Reloading,
    /// The stop has begun.
    Stopping,
    /// What `systemctl status` shows: one line.
    Status(&'a str),
    /// The keep-alive of the watchdog.
    Alive,
    /// The start needs so much time from now on.
    MoreTime(Duration),
}

/// A [`Message`] that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Ready,
    /// When it began, in microseconds of the monotonic clock.
    Reloading(Option<i128>),
    Stopping,
    Status(String),
    Alive,
    /// Microseconds.
    MoreTime(u32),
}

impl From<&Message<'_>> for Word {
    fn from(message: &Message<'_>) -> Self {
        match *message {
            Message::Ready => Self::Ready,
            Message::Reloading => Self::Reloading(match NotifyState::monotonic_usec_now() {
                Ok(NotifyState::MonotonicUsec(now)) => Some(now),
                _ => None,
            }),
            Message::Stopping => Self::Stopping,
            Message::Status(line) => Self::Status(line.to_owned()),
            Message::Alive => Self::Alive,
            Message::MoreTime(span) => {
                Self::MoreTime(u32::try_from(span.as_micros()).unwrap_or(u32::MAX))
            }
        }
    }
}

/// The way to the service manager. What was said is told when this is dropped, if that is
/// possible within a second.
pub struct Notifier {
    watchdog: Option<Duration>,
    /// None where nobody listens.
    teller: Option<Teller<Waiting>>,
}

impl Notifier {
    /// As `$NOTIFY_SOCKET` and `$WATCHDOG_USEC` have it.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut failed = false;
        let start = || {
            Teller::start("systemd", Waiting::default(), move |it| {
                send(&it, &mut failed);
            })
        };
        let teller = match std::env::var_os("NOTIFY_SOCKET").map(|_| start()) {
            Some(Err(error)) => {
                tracing::warn!("systemd cannot be told how we are: {error}");
                None
            }
            Some(Ok(teller)) => Some(teller),
            None => None,
        };
        Self {
            watchdog: sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()),
            teller,
        }
    }

    /// Without [`Message::Alive`] for so long, this process is ended.
    #[must_use]
    pub const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Has these told in one datagram, soon; what was not told yet and does not hold any more is
    /// not told. That it cannot be told is said once in the log: the service manager will draw
    /// its own conclusions.
    pub fn tell(&mut self, messages: &[Message<'_>]) {
        if let Some(teller) = &self.teller {
            let words = messages.iter().map(Word::from).collect();
            teller.say(|waiting| waiting.take(words));
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        if let Some(teller) = &self.teller {
            teller.flush(LAST_WORDS);
        }
    }
}

/// Tells it, and waits until the service manager takes it.
fn send(words: &[Word], failed: &mut bool) {
    let mut states = Vec::with_capacity(words.len() + 1);
    for word in words {
        match word {
            Word::Ready => states.push(NotifyState::Ready),
            Word::Reloading(at) => {
                states.push(NotifyState::Reloading);
                states.extend(at.map(NotifyState::MonotonicUsec));
            }
            Word::Stopping => states.push(NotifyState::Stopping),
            Word::Status(line) => states.push(NotifyState::Status(line)),
            Word::Alive => states.push(NotifyState::Watchdog),
            Word::MoreTime(micros) => states.push(NotifyState::ExtendTimeoutUsec(*micros)),
        }
    }
    if let Err(error) = sd_notify::notify(&states)
        && !std::mem::replace(failed, true)
    {
        tracing::warn!("systemd cannot be told how we are: {error}");
    }
}

/// A listening socket that was opened before us, and stays open after us.
#[derive(Debug)]
pub struct Passed {
    /// `FileDescriptorName=` of the socket unit; by default the name of the unit.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The socket.
    pub listener: TcpListener,
}

/// A socket was passed that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotListening {
    number: usize,
    name: String,
}

impl fmt::Display for NotListening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, name } = self;
        write!(
            f,
            "socket {number} that systemd passes ({name}) is not a TCP socket that listens: its \
             unit needs ListenStream= with an address and a port, and Accept=no"
        )
    }
}

impl std::error::Error for NotListening {}

/// The sockets of `$LISTEN_FDS`. Call it once, before there are threads that read the
/// environment: what it has read is taken out of it.
///
/// # Errors
/// If one of them is not a TCP socket that listens.
pub fn sockets() -> Result<Vec<Passed>, NotListening> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut passed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for index in 0..passed.len() {
        let name = names.next().filter(|name| !name.is_empty());
        let name = name.unwrap_or("without a name").to_owned();
        let taken = passed.take_tcp_listener(index).ok().flatten();
        match taken.and_then(listening) {
            Some((address, listener)) => sockets.push(Passed {
                name,
                address,
                listener,
            }),
            None => {
                let number = index + 1;
                return Err(NotListening { number, name });
            }
        }
    }
    Ok(sockets)
}

/// The socket with its address, if it listens and can be waited for.
fn listening(listener: TcpListener) -> Option<(SocketAddr, TcpListener)> {
    let listens = socket_acceptconn(&listener).unwrap_or(false);
    listener.set_nonblocking(true).ok()?;
    let address = listener.local_addr().ok()?;
    listens.then_some((address, listener))
}
