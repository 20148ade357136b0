//! Basic authentication: who somebody says to be, and whether that is true.
//!
//! bcrypt is slow on purpose, so it is the lever of whoever wants to burn a core. Here it runs on
//! a thread for that, one check at a time, and after a wrong password it rests nine times as long
//! as the check took: guessing takes a tenth of a core at most. What was found right is
//! remembered as a keyed hash, so a scrape costs none of it and is served at once whatever
//! others guess.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::queue::{Mark, NoPlace, Queue, Waiting, Wish};
use super::tls::PROVIDER;
use super::users::{Hash, Users};

/// bcrypt reads no more of a password; what it would not read, it must not be given.
const LONGEST_PASSWORD: usize = 72;
/// Longest name of a user.
const LONGEST_NAME: usize = 255;
/// How long a client waits for its turn. Its password stays in the queue beyond that.
const PATIENCE: Duration = Duration::from_secs(8);
/// After a wrong password the checker rests so many times as long as the check took.
const REST: u32 = 9;
/// Right answers that are remembered. There are about as many as users.
const REMEMBERED: usize = 1024;
/// Wrong ones: a client with an old password asks again and again, and costs nothing.
const REFUSED: usize = 64;
/// One line of the log in so long a time.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Refused {
    /// No name and password, or wrong ones.
    Unknown,
    /// This client has too many passwords waiting.
    TooMany,
    /// Too many others wait, or it took too long.
    Busy,
}

/// Checks names and passwords. Cheap to clone.
#[derive(Clone)]
pub(in crate::web) struct Guard(Arc<Inner>);

struct Inner {
    /// Keys the marks, so that nobody can aim at one.
    key: [u8; 32],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    right: HashMap<Mark, Hash>,
    wrong: VecDeque<Mark>,
    queue: Queue,
    /// Somebody works through the queue.
    working: bool,
    complained: Option<Instant>,
    /// Failures that no line told.
    untold: u64,
}

impl Guard {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        // Without random bytes there would be no TLS either. A key that can be guessed would
        // still let nobody in.
        let filled = PROVIDER.secure_random.fill(&mut key);
        if filled.is_err() {
            tracing::error!("this system has no random bytes");
        }
        Self(Arc::new(Inner {
            key,
            state: Mutex::default(),
        }))
    }

    /// Forgets what was right for users that are no more, or have another hash.
    pub(super) fn keep_only(&self, users: &Users) {
        let mut state = self.lock();
        state
            .right
            .retain(|_, hash| users.hashes().any(|known| known == hash));
        state.wrong.clear();
    }

    /// Whether these are the name and the password of a user.
    pub(in crate::web) async fn check(
        &self,
        users: &Users,
        authorization: Option<&HeaderValue>,
        peer: IpAddr,
    ) -> Result<(), Refused> {
        let Some((name, password)) = authorization.and_then(credentials) else {
            return Err(Refused::Unknown);
        };
        let known = users.hash_of(&name);
        let Some(hash) = known.or_else(|| users.decoy()) else {
            return Err(Refused::Unknown);
        };
        let mark = self.mark(known, &name, &password);
        let answered = {
            let mut state = self.lock();
            if known.is_some() && state.right.contains_key(&mark) {
                return Ok(());
            }
            if password.len() > LONGEST_PASSWORD {
                let why = "is longer than the 72 bytes that bcrypt reads";
                state.complain(peer, known.map(|_| &*name), why);
                return Err(Refused::Unknown);
            }
            if state.wrong.contains(&mark) {
                return Err(Refused::Unknown);
            }
            let wish = Wish {
                mark,
                client: peer.into(),
                peer,
                user: known.map(|_| name),
                hash: hash.clone(),
                password,
            };
            let answered = state.queue.join(wish, Instant::now());
            let answered = answered.map_err(|no_place| match no_place {
                NoPlace::Greedy => Refused::TooMany,
                NoPlace::Full => Refused::Busy,
            })?;
            if !std::mem::replace(&mut state.working, true) {
                tokio::spawn(self.clone().work());
            }
            answered
        };
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Refused::Unknown),
            Ok(Err(_)) | Err(_) => Err(Refused::Busy),
        }
    }

    /// Works through the queue until it is empty.
    async fn work(self) {
        loop {
            let waiting = {
                let mut state = self.lock();
                let next = state.queue.next(Instant::now());
                state.working = next.is_some();
                next
            };
            let Some(Waiting { wish, answers, .. }) = waiting else {
                return;
            };
            let begun = Instant::now();
            let (hash, password) = (wish.hash.clone(), wish.password.clone());
            let found = tokio::task::spawn_blocking(move || hash.is_of(&password)).await;
            let took = begun.elapsed();
            let right = found.unwrap_or(false) && wish.user.is_some();
            self.lock().found(&wish, right);
            for answer in answers {
                // Who asked may be gone by now.
                let _ = answer.send(right);
            }
            if !right {
                tokio::time::sleep(took * REST).await;
            }
        }
    }

    fn mark(&self, hash: Option<&Hash>, name: &str, password: &str) -> Mark {
        let mut digest = Sha256::new();
        digest.update(self.0.key);
        for part in [hash.map_or("", Hash::text), name] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.update(password);
        digest.finalize().into()
    }

    /// Nothing here can be half changed when a thread panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn found(&mut self, wish: &Wish, right: bool) {
        self.queue.note(wish.client, right, Instant::now());
        if right {
            if self.right.len() >= REMEMBERED {
                self.right.clear();
            }
            self.right.insert(wish.mark, wish.hash.clone());
            return;
        }
        self.wrong.push_back(wish.mark);
        if self.wrong.len() > REFUSED {
            self.wrong.pop_front();
        }
        self.complain(wish.peer, wish.user.as_deref(), "is wrong");
    }

    /// The name of somebody unknown is not told: it may be a password in the wrong field.
    fn complain(&mut self, peer: IpAddr, user: Option<&str>, why: &str) {
        let now = Instant::now();
        let recent = |at: &Instant| now.saturating_duration_since(*at) < COMPLAINT_INTERVAL;
        if self.complained.as_ref().is_some_and(recent) {
            self.untold += 1;
            return;
        }
        self.complained = Some(now);
        let more = match std::mem::take(&mut self.untold) {
            0 => String::new(),
            untold => format!(" ({untold} more since the last such line)"),
        };
        match user {
            Some(user) => {
                tracing::warn!(peer = %peer, "the password of user `{user}` {why}{more}");
            }
            None => tracing::warn!(peer = %peer, "the user is not known here{more}"),
        }
    }
}

/// The name and the password of an `Authorization` header.
pub(super) fn credentials(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    let clean = !text.chars().any(char::is_control);
    (clean && name.len() <= LONGEST_NAME).then(|| (name.to_owned(), password.to_owned()))
}
