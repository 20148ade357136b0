//! Reading the configuration again, beside the running one.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::task::JoinHandle;

use super::narrator;
use crate::config::{self, Faults, Settings, Source};
use crate::web::ReloadRequest;
use crate::web::access::{Gate, Rules};

/// Reads the configuration on a thread of its own, one reading at a time.
pub(super) struct Reloader {
    source: Source,
    gate: Gate,
    listen: [Vec<SocketAddr>; 2],
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
    pub(super) fn new(source: Source, gate: Gate, running: &Settings) -> Self {
        Self {
            source,
            gate,
            listen: listen(running),
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
