//! Lines of the log that wait to be written: a bounded number of bytes, and how many more there
//! were.
//!
//! Where lines are lost, the place says so: their number comes after what was said before them
//! and before what was said after them.

use std::collections::VecDeque;

use crate::host::teller::Queue;

/// Most bytes that wait: some thousand lines. One line is taken however long it is.
const MOST: usize = 1 << 20;
/// What a line takes beside its text.
const EACH: usize = 64;

/// What is written next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// A line.
    Line(T),
    /// Here so many were lost.
    Lost(u64),
}

/// The lines that wait.
pub(super) struct Lines<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    /// Lost since the last one that waits.
    lost: u64,
}

struct Waiting<T> {
    line: T,
    size: usize,
    lost_before: u64,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            lost: 0,
        }
    }
}

impl<T> Lines<T> {
    /// Takes a line of so many bytes, or loses it. Once one is lost, others are until half of
    /// what waits is written: so a slow reader is told of few gaps, and not of one at each line.
    pub(super) fn take(&mut self, line: T, bytes: usize) {
        let size = bytes + EACH;
        let most = if self.lost > 0 { MOST / 2 } else { MOST };
        if !self.waiting.is_empty() && self.bytes + size > most {
            self.lost += 1;
            return;
        }
        self.insist(line, bytes);
    }

    /// Takes a line in any case: the last word of a process.
    pub(super) fn insist(&mut self, line: T, bytes: usize) {
        let size = bytes + EACH;
        self.bytes += size;
        self.waiting.push_back(Waiting {
            line,
            size,
            lost_before: std::mem::take(&mut self.lost),
        });
    }
}

impl<T: Send + 'static> Queue for Lines<T> {
    type Item = Next<T>;

    fn next(&mut self) -> Option<Next<T>> {
        let lost = match self.waiting.front_mut() {
            Some(first) => &mut first.lost_before,
            None => &mut self.lost,
        };
        if *lost > 0 {
            return Some(Next::Lost(std::mem::take(lost)));
        }
        let first = self.waiting.pop_front()?;
        self.bytes -= first.size;
        Some(Next::Line(first.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many of these fit.
    const SIZE: usize = MOST / 8 - EACH;

    fn all(lines: &mut Lines<u32>) -> Vec<Next<u32>> {
        std::iter::from_fn(|| lines.next()).collect()
    }

    #[test]
    fn lines_that_do_not_fit_are_counted_where_they_would_have_been() {
        let mut lines = Lines::default();
        for number in 0..11 {
            lines.take(number, SIZE);
        }
        // There is room for some, but not for as much as ends the gap.
        for number in 0..4 {
            assert_eq!(lines.next(), Some(Next::Line(number)));
        }
        lines.take(11, SIZE);
        assert_eq!(lines.next(), Some(Next::Line(4)));
        lines.take(12, SIZE);
        let rest = [5, 6, 7].map(Next::Line).into_iter();
        let rest: Vec<_> = rest.chain([Next::Lost(4), Next::Line(12)]).collect();
        assert_eq!(all(&mut lines), rest);
        assert_eq!(lines.bytes, 0);
    }

    #[test]
    fn a_gap_is_told_though_nothing_is_said_after_it() {
        let mut lines = Lines::default();
        for number in 0..10 {
            lines.take(number, SIZE);
        }
        let told = all(&mut lines);
        assert_eq!(told.len(), 9);
        assert_eq!(told.last(), Some(&Next::Lost(2)));
    }

    #[test]
    fn one_line_and_the_last_are_taken_however_long_they_are() {
        let mut lines = Lines::default();
        lines.take(1, 2 * MOST);
        lines.take(2, 1);
        lines.insist(3, 2 * MOST);
        let told = [Next::Line(1), Next::Lost(1), Next::Line(3)];
        assert_eq!(all(&mut lines), told);
    }
}
