//! Reading the configuration again, beside the running one.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::task::JoinHandle;

use super::listeners::Unnamed;
use super::narrator;
use crate::config::{self, Faults, Settings, Source};
use crate::web::ReloadRequest;
use crate::web::access::{Gate, Rules};

/// Reads the configuration on a thread of its own, one reading at a time.
pub(super) struct Reloader {
    source: Source,
    gate: Gate,
    listen: [Vec<SocketAddr>; 2],
    /// Listeners that the configuration did not name at the start.
    unnamed: Vec<Unnamed>,
    state_dir: Option<PathBuf>,
    reading: Option<JoinHandle<Result<Settings, Faults>>>,
    /// Who waits for the reading that runs.
    waiting: Vec<ReloadRequest>,
    /// A wish came while a reading ran, which may have seen the old file.
    again: Option<Vec<ReloadRequest>>,
}

/// What a reading of the configuration came to.
pub(super) struct Reading {
    /// The settings, unless the old ones stay.
    pub(super) settings: Option<Settings>,
    answer: Result<(), String>,
    waiting: Vec<ReloadRequest>,
}

impl Reloader {
    pub(super) fn new(
        source: Source,
        gate: Gate,
        running: &Settings,
        unnamed: Vec<Unnamed>,
    ) -> Self {
        Self {
            source,
            gate,
            listen: listen(running),
            unnamed,
            state_dir: running.state_dir.clone(),
            reading: None,
            waiting: Vec::new(),
            again: None,
        }
    }

    /// Somebody wishes a reload.
    pub(super) fn request(&mut self, answer: Option<ReloadRequest>) {
        if self.reading.is_some() {
            self.again.get_or_insert_default().extend(answer);
            return;
        }
        self.waiting.extend(answer);
        let source = self.source.clone();
        self.reading = Some(tokio::task::spawn_blocking(move || {
            config::load(&source).map(|loaded| loaded.settings)
        }));
    }

    /// Whether a configuration is being read.
    pub(super) const fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// The next configuration that was read, to be answered when it is in force. Waits forever if
    /// none is being read.
    pub(super) async fn next(&mut self) -> Reading {
        let Some(reading) = self.reading.as_mut() else {
            return std::future::pending().await;
        };
        let read = reading.await;
        self.reading = None;
        let (settings, answer) = match read {
            Ok(Ok(settings)) => {
                let mut rules = rules(&settings);
                if listen(&settings) != self.listen {
                    narrator::listen_needs_restart();
                    rules = self.gate.no_wider(rules);
                }
                narrator::lacking(&self.unnamed, &rules.access);
                if let Some(change) = self.gate.adopt(rules) {
                    narrator::protected_otherwise(&change);
                }
                if settings.state_dir != self.state_dir {
                    narrator::state_dir_needs_restart();
                }
                (Some(settings), Ok(()))
            }
            Ok(Err(faults)) => {
                narrator::reload_failed(&faults);
                (None, Err(faults.to_string()))
            }
            Err(error) => {
                narrator::reload_crashed(&error);
                (
                    None,
                    Err("the configuration could not be read; see the log".to_owned()),
                )
            }
        };
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(waiting) = self.again.take() {
            self.request(None);
            self.waiting = waiting;
        }
        Reading {
            settings,
            answer,
            waiting,
        }
    }
}

/// What the listeners have to know of a configuration.
pub(super) fn rules(settings: &Settings) -> Rules {
    Rules {
        access: settings.web.access.clone(),
        enable_lifecycle: settings.web.enable_lifecycle,
        show_targets: settings.web.show_targets,
    }
}

fn listen(settings: &Settings) -> [Vec<SocketAddr>; 2] {
    let web = &settings.web;
    [web.listen.clone(), web.public_listen.clone()]
}

impl Reading {
    /// Why the old settings stay, if they do: a fault a line.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.answer.as_ref().err().map(String::as_str)
    }

    /// Tells those who asked for the reload what became of it.
    pub(super) fn answer(self) {
        for waiting in self.waiting {
            // Who asked may be gone by now.
            let _ = waiting.send(self.answer.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use super::super::listeners::Door;
    use super::*;
    use crate::web::access::Audience;

    #[tokio::test]
    async fn what_a_socket_lacks_that_the_configuration_does_not_name_is_told_at_each_reload() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "[web]\nlisten = [\"127.0.0.1:1\"]\n").unwrap();
        let source = Source::File(file);
        let settings = config::load(&source).unwrap().settings;
        let door = Door {
            address: ([0, 0, 0, 0], 10110).into(),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            audience: Audience::Private,
            unnamed: Some("bascule.socket".to_owned()),
        };
        let unnamed = door.as_unnamed().into_iter().collect();
        let gate = Gate::new(rules(&settings));
        let mut reloader = Reloader::new(source, gate, &settings, unnamed);
        let log = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&log);
        let subscriber = tracing_subscriber::fmt().with_writer(move || Copied(Arc::clone(&to)));
        let telling = tracing::subscriber::set_default(subscriber.finish());
        reloader.request(None);
        assert!(reloader.next().await.settings.is_some());
        drop(telling);
        let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        let lack = "everybody who can reach `0.0.0.0:10110` reads everything: name a config_file \
                    with basic_auth_users or client certificates, or write a loopback \
                    ListenStream= into the socket unit";
        assert!(log.contains(lack), "{log}");
    }

    /// What is written is kept.
    struct Copied(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Copied {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
