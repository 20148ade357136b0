//! How far the probing is, for the one who waits: what has ended, and who is still under way, at
//! which layer and for how long. On standard error where that is a terminal, drawn in place and gone when the
//! answer comes; never in a pipe.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::terminal::{self, Size};
use super::under_way::UnderWay;
use crate::model::{Kind, Moment, Verdict};
use crate::report::line::{Ink, Line, Look};

/// Those under way that are named at most; the rest is counted.
const NAMED: usize = 10;

/// Columns that the name of a round keeps beside its layers, if that is not more than a third.
const NAME: usize = 24;
/// Columns that it keeps in any case.
const LEAST: usize = 12;

/// What each round has shown so far.
pub(super) type Rounds = Arc<[UnderWay]>;

/// What is known of the rounds.
pub(super) struct Progress<'a> {
    /// How to draw; `None`: not at all.
    look: Option<Look>,
    names: Vec<(&'a str, Kind)>,
    rounds: Rounds,
    ended: Vec<Option<Verdict>>,
    step: usize,
    /// Lines that stand on the terminal.
    drawn: usize,
}

impl<'a> Progress<'a> {
    pub(super) fn new(names: Vec<(&'a str, Kind)>) -> Self {
        Self {
            look: terminal::shows_progress().then(terminal::look_on_stderr),
            rounds: names.iter().map(|_| UnderWay::default()).collect(),
            ended: vec![None; names.len()],
            names,
            step: 0,
            drawn: 0,
        }
    }

    /// Where the rounds say how far they are.
    pub(super) fn rounds(&self) -> Rounds {
        Arc::clone(&self.rounds)
    }

    pub(super) fn ended(&mut self, index: usize, verdict: &Verdict) {
        self.ended[index] = Some(verdict.clone());
    }

    pub(super) fn show(&mut self, now: Moment) {
        if let Some(look) = self.look {
            let lines = self.lines(look, Size::of(io::stderr()), now);
            terminal::complain(&format!("{}{}\x1b[J", self.back(), lines.join("\x1b[K\n")));
            self.drawn = lines.len();
            self.step += 1;
        }
    }

    /// Others have written to the terminal meanwhile: what stands there is not ours any more.
    pub(super) fn forget(&mut self) {
        self.drawn = 0;
    }

    pub(super) fn erase(&self) {
        if self.drawn > 0 {
            terminal::complain(&format!("{}\x1b[J", self.back()));
        }
    }

    /// To where the first line begins.
    fn back(&self) -> String {
        match self.drawn {
            0 | 1 => "\r".to_owned(),
            more => format!("\r\x1b[{}A", more - 1),
        }
    }

    /// What stands there now: no line is wider than the terminal, and all of them fit on it.
    fn lines(&self, look: Look, size: Size, now: Moment) -> Vec<String> {
        const WHEEL: [char; 4] = ['|', '/', '-', '\\'];
        let room = size.columns.saturating_sub(1).min(Look::WIDTH);
        let end = |line: Line| {
            let mut text = String::new();
            line.cut(room).end(&mut text);
            text.trim_end().to_owned()
        };
        let wheel = WHEEL[self.step % WHEEL.len()];
        let ended = self.ended.iter().flatten().count();
        let (of, tally) = (self.names.len(), self.tally(look));
        let head = Line::new(look).text(format!("{wheel} {ended} of {of} ended"));
        let mut lines = vec![end(head.line(tally))];

        let open = (0..of).filter(|index| self.ended[*index].is_none());
        let (under_way, waiting): (Vec<usize>, Vec<usize>) =
            open.partition(|index| self.rounds[*index].begun.get().is_some());
        let named = NAMED.min(size.lines.saturating_sub(3));
        for index in under_way.iter().take(named) {
            lines.push(end(self.round(look, room, *index, now)));
        }
        let mut rest = Vec::new();
        if under_way.len() > named {
            rest.push(format!("{} more under way", under_way.len() - named));
        }
        if !waiting.is_empty() {
            rest.push(format!("{} yet to begin", waiting.len()));
        }
        if !rest.is_empty() && size.lines > 2 {
            lines.push(end(Line::indented(look, 2).ink(Ink::Dim, rest.join(", "))));
        }
        lines
    }

    /// `  x/web  dns ok 12 ms, tcp ...  0.4 s`; where room is short, the lowest layers go first.
    fn round(&self, look: Look, room: usize, index: usize, now: Moment) -> Line {
        let (name, kind) = self.names[index];
        let round = &self.rounds[index];
        let begun = round.begun.get().copied().unwrap_or(now);
        let time = Line::new(look).ink(Ink::Dim, format!("  {}", seconds(now.since(begun))));
        let name = Line::indented(look, 2).text(name);
        let (ok, dots) = match look.unicode {
            true => ("✓", "…"),
            false => ("ok", "..."),
        };
        let layers = round.told(kind, ok, dots);
        let kept = name.width().min(NAME).min((room / 3).max(LEAST));
        let beside = room.saturating_sub(time.width() + kept);
        let told = (0..layers.len()).map(|from| {
            let left_out = if from > 0 { dots } else { "" };
            Line::new(look).text(format!("  {left_out}{}", layers[from..].join(", ")))
        });
        let mut told = told.skip_while(|line| line.width() > beside);
        let tail = told.next().unwrap_or_else(|| Line::new(look)).line(time);
        name.cut(room.saturating_sub(tail.width())).line(tail)
    }

    /// `: 2 pass, 1 fail`.
    fn tally(&self, look: Look) -> Line {
        let mut line = Line::new(look);
        for (index, word) in Verdict::WORDS.iter().enumerate() {
            let number = self.ended.iter().flatten();
            let number = number.filter(|it| it.index() == index).count();
            if number > 0 {
                let gap = if line.width() == 0 { ": " } else { ", " };
                line = line.text(gap).ink(ink(index), format!("{number} {word}"));
            }
        }
        line
    }
}

/// The colour of a verdict's word.
fn ink(index: usize) -> Ink {
    match Verdict::WORDS[index] {
        "pass" => Ink::Good,
        "slow" => Ink::Warn,
        "restricted" => Ink::Wall,
        "fail" => Ink::Bad,
        _ => Ink::Dim,
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, Layer, Reason};
    use crate::probe::Glimpse;

    #[test]
    fn ended_rounds_are_counted_and_open_ones_named_in_any_window() {
        let names: Vec<String> = (0..15).map(|n| format!("network/endpoint-{n}")).collect();
        let named = names.iter().map(|name| (name.as_str(), Kind::Http));
        let mut progress = Progress::new(named.collect());
        progress.ended(0, &Verdict::Pass);
        progress.ended(1, &Verdict::Fail(Cause::new(Reason::TcpRefused, "")));
        let at = |millis| Moment::ZERO + Duration::from_millis(millis);
        for index in 0..14 {
            let _ = progress.rounds[index].begun.set(at(100 * index as u64));
        }
        let lines = |lines, columns| {
            let size = Size { lines, columns };
            progress.lines(Look::PLAIN, size, at(5_000))
        };
        let all = lines(24, 80);
        assert_eq!(all[0], "| 2 of 15 ended: 1 pass, 1 fail");
        assert_eq!(all[1], "  network/endpoint-2  dns ...  4.8 s");
        assert_eq!(all[11..], ["  2 more under way, 1 yet to begin"]);
        let door = "192.0.2.1:443".parse().unwrap();
        let took = |millis| Some(Duration::from_millis(millis));
        progress.rounds[3].saw(Glimpse::Resolved(took(12)));
        progress.rounds[3].saw(Glimpse::Begun(door));
        progress.rounds[3].saw(Glimpse::Passed(door, Layer::Tcp, took(1_500)));
        let third = |columns| lines(24, columns)[2].clone();
        let layers = "dns ok 12 ms, tcp ok 1.50 s, tls ...";
        assert_eq!(third(80), format!("  network/endpoint-3  {layers}  4.7 s"));
        assert_eq!(
            third(60),
            "  network/endpoint-3  ...tcp ok 1.50 s, tls ...  4.7 s"
        );
        assert_eq!(third(40), "  network/endpoint-3  ...tls ...  4.7 s");
        assert_eq!(
            lines(5, 24),
            [
                "| 2 of 15 ended: 1 p...",
                "  network/end...  4.8 s",
                "  network/end...  4.7 s",
                "  10 more under way,...",
            ]
        );
        assert_eq!(lines(1, 80).len(), 1);
    }
}
