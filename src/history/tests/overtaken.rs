//! Of two images the later counts, whichever is handed over last.

use std::sync::Arc;
use std::time::Duration;

use super::samples::Dice;
use crate::history::Problems;
use crate::history::mailbox::{Mailbox, Request, later};
use crate::model::Moment;

#[test]
fn an_image_that_was_overtaken_by_a_later_one_does_not_replace_it() {
    let image_at = |seconds| {
        let mut image = Dice(0).image();
        image.saved.moment = Moment::from_secs(seconds);
        Arc::new(image)
    };
    let mailbox = Mailbox::new(0, Problems::default());
    for seconds in [10, 30, 20] {
        mailbox.save(Request {
            image: image_at(seconds),
            durable: false,
            waiting: Vec::new(),
        });
    }
    let (work, _) = mailbox.take(Duration::ZERO);
    let waiting = work.image.unwrap().image;
    assert_eq!(waiting.saved.moment, Moment::from_secs(30));
    let kept = later(waiting, image_at(20));
    assert_eq!(kept.saved.moment, Moment::from_secs(30));
}
