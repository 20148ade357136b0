//! The thread that reads: it has a connection of its own, so no question waits for a write, and
//! no write for a question.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::journal::{Place, lock};
use super::schema;

/// Questions that wait; more clients than that are turned away.
const MOST_WAITING: usize = 64;
/// How long anybody waits for an answer: a disk that hangs shall not hang the clients.
const PATIENCE: Duration = Duration::from_secs(5);

/// The history could not be asked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the history is not available: {}", self.0)
    }
}

impl std::error::Error for Unavailable {}

impl Unavailable {
    /// The database on the disk is not in use yet, or not any more.
    pub(super) fn for_now() -> Self {
        Self("it is not on the disk for now".to_owned())
    }
}

/// Whoever asks.
pub(super) struct Reader {
    questions: SyncSender<Question>,
}

/// Asks, and sends the answer where it is wanted. Tells whether the connection is still good.
type Question = Box<dyn FnOnce(Result<&Connection, Unavailable>) -> bool + Send>;

impl Reader {
    /// Starts the thread; it ends with its reader. If it cannot start, every question is turned
    /// away.
    pub(super) fn start(place: Arc<Mutex<Place>>) -> std::io::Result<Self> {
        let (questions, asked) = sync_channel(MOST_WAITING);
        let named = thread::Builder::new().name("history-reader".to_owned());
        named.spawn(move || answer(&asked, &place))?;
        Ok(Self { questions })
    }

    /// A reader that nobody answers.
    pub(super) fn mute() -> Self {
        let (questions, _) = sync_channel(0);
        Self { questions }
    }

    /// The answer to one question.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (tell, told) = oneshot::channel();
        let boxed: Question = Box::new(move |db| {
            let answer = db.and_then(|db| question(db).map_err(|e| Unavailable(e.to_string())));
            let good = answer.is_ok();
            // Who does not wait any more does not want to know.
            let _ = tell.send(answer);
            good
        });
        let unavailable = |why: &str| Err(Unavailable(why.to_owned()));
        if self.questions.try_send(boxed).is_err() {
            return unavailable("too many questions wait");
        }
        match timeout(PATIENCE, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => unavailable("it is closed"),
            Err(_) => unavailable("no answer from the disk in time"),
        }
    }
}

/// Answers until nobody can ask any more.
fn answer(asked: &Receiver<Question>, place: &Mutex<Place>) {
    let mut open: Option<(Connection, u64)> = None;
    for question in asked {
        let now = lock(place).clone();
        match now {
            Place::Memory(db) => {
                question(Ok(&*lock(&db)));
            }
            Place::Nowhere => {
                question(Err(Unavailable("there is none".to_owned())));
            }
            Place::Disk(path, number) => {
                let connection = match open.take() {
                    Some((db, opened)) if opened == number => Ok(db),
                    _ => schema::open_to_read(&path),
                };
                match connection {
                    Ok(db) => {
                        if question(Ok(&db)) {
                            open = Some((db, number));
                        }
                    }
                    Err(e) => {
                        question(Err(Unavailable(e.to_string())));
                    }
                }
            }
        }
    }
}
