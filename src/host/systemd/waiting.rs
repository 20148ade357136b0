//! What the service manager has not been told yet: a few messages, however long it does not
//! listen.
//!
//! Of what holds only until the next word of its kind (the status, the keep-alive, the wish for
//! time) the last one waits. The states have an order, and keep it; a reload of which nothing was
//! told yet is forgotten when another begins.

use std::collections::VecDeque;
use std::mem::discriminant;

use super::Word;
use crate::host::teller::Queue;

/// The messages that wait, each told in one datagram.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Vec<Word>>);

impl Waiting {
    /// Takes a message. Its first word says of which kind it is.
    pub(super) fn take(&mut self, message: Vec<Word>) {
        match message.first() {
            Some(Word::Reloading(_)) => self.forget_reload(),
            Some(kind @ (Word::Status(_) | Word::Alive | Word::MoreTime(_))) => {
                self.0.retain(|older| !begins_with(older, kind));
            }
            Some(Word::Ready | Word::Stopping) | None => {}
        }
        self.0.push_back(message);
    }

    fn forget_reload(&mut self) {
        let begun = |message: &Vec<Word>| matches!(message.first(), Some(Word::Reloading(_)));
        if let Some(begun) = self.0.iter().position(begun) {
            let reload = self.0.split_off(begun);
            let others = reload.into_iter().skip(1);
            self.0
                .extend(others.filter(|message| !begins_with(message, &Word::Ready)));
        }
    }
}

fn begins_with(message: &[Word], kind: &Word) -> bool {
    message.first().map(discriminant) == Some(discriminant(kind))
}

impl Queue for Waiting {
    type Item = Vec<Word>;

    fn next(&mut self) -> Option<Vec<Word>> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Word {
        Word::Status(text.to_owned())
    }

    #[test]
    fn states_wait_in_their_order_and_of_the_rest_only_the_last() {
        let mut waiting = Waiting::default();
        waiting.take(vec![Word::MoreTime(1), status("begins")]);
        waiting.take(vec![Word::MoreTime(2), status("goes on")]);
        waiting.take(vec![Word::Ready, status("a")]);
        waiting.take(vec![status("b")]);
        waiting.take(vec![Word::Alive]);
        waiting.take(vec![status("c")]);
        waiting.take(vec![Word::Reloading(Some(7))]);
        waiting.take(vec![Word::Alive]);
        waiting.take(vec![Word::Ready, status("d")]);
        waiting.take(vec![Word::Stopping, status("stopping")]);
        let told: Vec<_> = std::iter::from_fn(|| waiting.next()).collect();
        let wanted = [
            vec![Word::MoreTime(2), status("goes on")],
            vec![Word::Ready, status("a")],
            vec![status("c")],
            vec![Word::Reloading(Some(7))],
            vec![Word::Alive],
            vec![Word::Ready, status("d")],
            vec![Word::Stopping, status("stopping")],
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn reloads_of_which_nothing_was_told_are_one_and_the_start_is_not_forgotten() {
        let mut waiting = Waiting::default();
        waiting.take(vec![Word::Ready, status("start")]);
        for number in 0..1000 {
            waiting.take(vec![Word::Reloading(Some(number))]);
            waiting.take(vec![status("while it is read")]);
            waiting.take(vec![Word::Alive]);
            waiting.take(vec![Word::Ready, status(&number.to_string())]);
        }
        let told: Vec<_> = std::iter::from_fn(|| waiting.next()).collect();
        let wanted = [
            vec![Word::Ready, status("start")],
            vec![Word::Reloading(Some(999))],
            vec![status("while it is read")],
            vec![Word::Alive],
            vec![Word::Ready, status("999")],
        ];
        assert_eq!(told, wanted);
    }
}
