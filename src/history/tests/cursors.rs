//! How far webhooks are.

use std::path::Path;
use std::time::Duration;

use tempfile::tempdir;

use super::samples::noon_and;
use crate::history::{self, History, Settings};

fn open(dir: Option<&Path>) -> History {
    let settings = Settings {
        dir: dir.map(Path::to_owned),
        retention: Duration::from_secs(86_400),
        max_size: 100 << 20,
    };
    history::open(settings, || noon_and(0)).history
}

/// What is handed over is written by another thread.
async fn written(history: &History, webhook: &str, expected: Option<u64>) {
    while history.cursor(webhook.to_owned()).await != Ok(expected) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn how_far_a_webhook_is_survives_and_those_not_wanted_are_forgotten() {
    let dir = tempdir().unwrap();
    let history = open(Some(dir.path()));
    assert_eq!(history.cursor("banner".to_owned()).await, Ok(None));
    history.keep_cursor("banner", 3);
    history.keep_cursor("other", 4);
    history.keep_cursor("banner", 5);
    written(&history, "banner", Some(5)).await;
    history.close();

    let history = open(Some(dir.path()));
    written(&history, "banner", Some(5)).await;
    // In one go: what is wanted later is kept.
    history.keep_cursor("gone", 1);
    history.keep_cursors_of(vec!["banner".to_owned(), "new".to_owned()]);
    history.keep_cursor("new", 9);
    history.close();
    let history = open(Some(dir.path()));
    for (webhook, cursor) in [
        ("banner", Some(5)),
        ("new", Some(9)),
        ("other", None),
        ("gone", None),
    ] {
        written(&history, webhook, cursor).await;
    }
}

#[tokio::test]
async fn without_a_disk_how_far_a_webhook_is_is_known_while_the_process_lives() {
    let history = open(None);
    history.keep_cursor("banner", 5);
    written(&history, "banner", Some(5)).await;
}

#[tokio::test]
async fn on_a_disk_that_takes_nothing_it_is_known_meanwhile_and_written_when_it_can_be() {
    let dir = tempdir().unwrap();
    // A folder stands where the database should be.
    let in_the_way = dir.path().join("history.db");
    std::fs::create_dir(&in_the_way).unwrap();
    let history = open(Some(dir.path()));
    // The disk may know better.
    let unknown = history.cursor("banner".to_owned()).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the history is not available: it is not on the disk for now"
    );
    history.keep_cursor("banner", 5);
    written(&history, "banner", Some(5)).await;
    std::fs::remove_dir(&in_the_way).unwrap();
    history.keep_cursor("other", 6);
    written(&history, "other", Some(6)).await;
    history.close();
    let history = open(Some(dir.path()));
    written(&history, "banner", Some(5)).await;
    written(&history, "other", Some(6)).await;
}
