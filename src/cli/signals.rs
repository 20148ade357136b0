//! What people and the system tell a command that waits: that it is to end, to stand still, to go
//! on, or to draw for another window.

use std::future::pending;
use std::io;
use std::os::fd::AsFd as _;

use rustix::process::{Signal as Kind, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Trouble;

/// What has been told.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// Nothing more is wanted.
    End,
    /// Ctrl-Z: to stand still until it is told to go on.
    Stop,
    /// It has stood still, or is in the foreground again.
    GoOn,
    /// The window has another size.
    Resized,
}

/// The signals that such a command minds.
pub(super) struct Signals {
    /// Each ends it, and none of them may leave the second screen behind.
    ends: [Signal; 3],
    /// The terminal is closed. Elsewhere `nohup` may have had it ignored, and it stays so.
    hangup: Option<Signal>,
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    pub(super) fn new(is_screen: bool) -> Result<Self, Trouble> {
        let of = |kind| {
            signal(kind).map_err(|error| Trouble::new(format!("cannot wait for Ctrl-C: {error}")))
        };
        Ok(Self {
            ends: [
                of(SignalKind::interrupt())?,
                of(SignalKind::terminate())?,
                of(SignalKind::quit())?,
            ],
            hangup: is_screen.then(|| of(SignalKind::hangup())).transpose()?,
            stop: of(SignalKind::from_raw(Kind::TSTP.as_raw()))?,
            go_on: of(SignalKind::from_raw(Kind::CONT.as_raw()))?,
            resize: of(SignalKind::window_change())?,
        })
    }

    pub(super) async fn next(&mut self) -> Told {
        let [interrupt, terminate, quit] = &mut self.ends;
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = interrupt.recv() => Told::End,
            _ = terminate.recv() => Told::End,
            _ = quit.recv() => Told::End,
            _ = hangup => Told::End,
            _ = self.stop.recv() => Told::Stop,
            _ = self.go_on.recv() => Told::GoOn,
            _ = self.resize.recv() => Told::Resized,
        }
    }

    /// The end, whatever comes before.
    pub(super) async fn end(&mut self) {
        loop {
            match self.next().await {
                Told::End => return,
                Told::Stop => stand_still(),
                Told::GoOn | Told::Resized => {}
            }
        }
    }
}

/// Stands still until somebody lets it go on. This signal, unlike SIGSTOP, does nothing where
/// nobody is there who could (`ssh -t HOST bascule status --watch`): no shell, no `fg`.
pub(super) fn stand_still() {
    // It can always be sent to oneself.
    let _ = kill_process(getpid(), Kind::TTOU);
}

/// Whether this process has the terminal, and is not one that goes on behind a shell. A terminal
/// that nobody controls processes from is everybody's.
pub(super) fn in_foreground() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |group| group == getpgrp())
}

/// Whoever reads standard output, if that is a pipe.
pub(super) struct Reader(Option<Sender>);

impl Reader {
    pub(super) fn new() -> Self {
        // It is only waited for: nothing is written here, and its mode stays as it is. A file
        // cannot be waited for, and nobody leaves it.
        let own = io::stdout().as_fd().try_clone_to_owned();
        Self(own.and_then(Sender::from_owned_fd_unchecked).ok())
    }

    /// Ends when the reader has left (`| head -1`).
    pub(super) async fn left(&self) {
        match &self.0 {
            Some(pipe) if pipe.ready(Interest::ERROR).await.is_ok() => {}
            _ => pending().await,
        }
    }
}
