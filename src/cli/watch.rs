//! `bascule status --watch`: the same, again and again, until somebody ends it.
//!
//! On a terminal the table is drawn in place, on the second screen, so that nothing that was there
//! before is lost; the last table stays when it ends, and Ctrl-Z gives the first screen back. In a pipe there is a new block whenever
//! something has changed that does not change by itself. A daemon that stops answering is said, not
//! an end: it may be restarted just now. One request an interval, over one connection.

use std::io;
use std::time::{Duration, SystemTime};

use tokio::time::MissedTickBehavior;

use super::client::{Asked, runtime};
use super::signals::{Reader, Signals, Told, in_foreground, stand_still};
use super::status::{Arguments, PATH, answer, read};
use super::terminal::{self, Size};
use super::{Answer, Trouble};
use crate::host::clock::Clock;
use crate::report::line::{Ink, Line, Look, wrap};
use crate::report::running::{self, Gist, Status};
use crate::report::status::draw;
use crate::report::words::{span, timestamp};

/// The second screen, without a cursor, and lines that end at its edge.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/// The first screen as it was.
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// What has been heard.
struct Heard {
    status: Status,
    /// When, by the clock of this machine.
    at: SystemTime,
    /// Since when there has been no answer, and why.
    lost: Option<(SystemTime, Trouble)>,
}

/// Where it is told.
enum Stage {
    /// A terminal.
    Screen(Screen),
    /// A pipe or a file; what was told last.
    Blocks(Option<Gist>),
    /// The same for programs: documents.
    Documents(Option<Gist>),
}

/// The second screen; the first one comes back however this ends.
#[derive(Default)]
struct Screen {
    is_shown: bool,
}

impl Screen {
    /// Shows a frame, unless others have the terminal.
    fn show(&mut self, frame: &str) -> Result<bool, Trouble> {
        if !in_foreground() {
            return Ok(true);
        }
        let enter = if self.is_shown { "" } else { ENTER };
        self.is_shown = true;
        terminal::tell(&format!("{enter}{frame}"))
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            // Whoever has closed the terminal does not miss it.
            let _ = terminal::tell(LEAVE);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Asks and tells until somebody ends it. The first answer has to come: a wrong address is no
/// outage.
pub(super) fn watch(arguments: &Arguments, every: Duration) -> Result<Answer, Trouble> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::new(terminal::redraws())?;
        let mut daemon = arguments.daemon.asked(PATH, &[]);
        watched(arguments, every, &mut daemon, &mut signals).await
    });
    runtime.shutdown_background();
    ended
}

async fn watched(
    arguments: &Arguments,
    every: Duration,
    daemon: &mut Asked<'_>,
    signals: &mut Signals,
) -> Result<Answer, Trouble> {
    let clock = Clock::system();
    let look = terminal::fitting_look();
    let first = tokio::select! {
        biased;
        first = daemon.again() => first?,
        () = signals.end() => return Ok(Answer::Fine),
    };
    let mut heard = Heard {
        status: read(arguments, &first)?,
        at: clock.wall(),
        lost: None,
    };
    let mut stage = match (arguments.json, terminal::redraws()) {
        (true, _) => Stage::Documents(None),
        (false, true) => Stage::Screen(Screen::default()),
        (false, false) => Stage::Blocks(None),
    };
    let reader = Reader::new();
    let mut document = first;
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        if !stage.tell(look, every, &heard, &document, clock.wall())? {
            break;
        }
        let next = async {
            ticks.tick().await;
            daemon.again().await
        };
        let mut next = std::pin::pin!(next);
        let next = loop {
            tokio::select! {
                biased;
                told = signals.next() => match told {
                    Told::End => break None,
                    Told::Stop => stage.stand_still(),
                    Told::GoOn | Told::Resized => {}
                },
                () = reader.left() => break None,
                next = &mut next => break Some(next),
            }
            if !stage.tell(look, every, &heard, &document, clock.wall())? {
                break None;
            }
        };
        let Some(next) = next else {
            break;
        };
        match next.and_then(|next| Ok((read(arguments, &next)?, next))) {
            Ok((status, next)) => {
                document = next;
                heard = Heard {
                    status,
                    at: clock.wall(),
                    lost: None,
                };
            }
            Err(why) => {
                let since = heard.lost.map_or_else(|| clock.wall(), |(since, _)| since);
                heard.lost = Some((since, why));
            }
        }
    }
    if matches!(stage, Stage::Screen(_)) {
        drop(stage);
        terminal::print(&draw(terminal::fitting_look(), &heard.status, clock.wall()))?;
    }
    match heard.lost {
        Some((_, why)) => Err(why),
        None => Ok(answer(&heard.status)),
    }
}

impl Stage {
    /// Stands still, and leaves the terminal to others meanwhile.
    fn stand_still(&mut self) {
        if let Self::Screen(screen) = self {
            screen.leave();
        }
        stand_still();
    }

    /// Tells what is new, and whether anybody still listens.
    fn tell(
        &mut self,
        look: Look,
        every: Duration,
        heard: &Heard,
        document: &[u8],
        now: SystemTime,
    ) -> Result<bool, Trouble> {
        let told = match self {
            Self::Screen(screen) => {
                return screen.show(&frame(look, Size::of(io::stdout()), every, heard, now));
            }
            Self::Blocks(told) | Self::Documents(told) => told,
        };
        // What was told before is out of date once there was no answer.
        let gist = heard.lost.is_none().then(|| heard.status.gist());
        let is_first = told.is_none() && gist.is_none();
        if *told == gist || is_first {
            return Ok(true);
        }
        *told = gist;
        match self {
            Self::Documents(_) => match &heard.lost {
                Some((_, Trouble(why))) => {
                    terminal::sorry(why);
                    Ok(true)
                }
                None => terminal::tell(&running::retold(document).unwrap_or_default()),
            },
            _ => terminal::tell(&block(look, heard, now)),
        }
    }
}

/// A block of what has changed, behind its time.
fn block(look: Look, heard: &Heard, now: SystemTime) -> String {
    let mut out = String::new();
    let time = timestamp(heard.lost.as_ref().map_or(heard.at, |(since, _)| *since));
    Line::new(look)
        .ink(Ink::Strong, format!("-- {time}"))
        .end(&mut out);
    match &heard.lost {
        Some(_) => no_answer(look, heard, &mut out),
        None => out.push_str(&draw(look, &heard.status, now)),
    }
    out.push('\n');
    out
}

/// Everything that a terminal of this size shows, in one piece: no line is ever half drawn.
fn frame(look: Look, size: Size, every: Duration, heard: &Heard, now: SystemTime) -> String {
    let look = look.within(size.columns);
    let mut text = String::new();
    let table = draw(look, &heard.status, now);
    if heard.lost.is_some() {
        no_answer(look, heard, &mut text);
        text.push('\n');
        let plain = Look {
            colour: false,
            ..look
        };
        for line in draw(plain, &heard.status, now).lines() {
            Line::new(look).ink(Ink::Dim, line).end(&mut text);
        }
    } else {
        let head = format!("asked every {}; Ctrl-C ends\n", span(every));
        Line::new(look)
            .ink(Ink::Dim, head.trim_end())
            .end(&mut text);
        text.push('\n');
        text.push_str(&table);
    }
    let lines: Vec<&str> = text.lines().collect();
    let shown = match lines.len() > size.lines {
        true => &lines[..size.lines.saturating_sub(1)],
        false => &lines[..],
    };
    let mut out = "\x1b[H".to_owned();
    out.push_str(&shown.join("\x1b[K\n"));
    if shown.len() < lines.len() {
        let hidden = lines.len() - shown.len();
        let mut more = String::new();
        let text = format!("{hidden} more lines: this window has {}", size.lines);
        Line::new(look).ink(Ink::Warn, text).end(&mut more);
        if !shown.is_empty() {
            out.push_str("\x1b[K\n");
        }
        out.push_str(more.trim_end());
    }
    out.push_str("\x1b[K\x1b[J");
    out
}

/// Since when the daemon has said nothing, why, and how old the rest is.
fn no_answer(look: Look, heard: &Heard, out: &mut String) {
    let Some((since, Trouble(why))) = &heard.lost else {
        return;
    };
    let time = |at: SystemTime| {
        let text = timestamp(at);
        text.get(11..19).unwrap_or(&text).to_owned()
    };
    let text = format!(
        "no answer since {} UTC; last seen: {} UTC",
        time(*since),
        time(heard.at)
    );
    for line in wrap(&text, look.columns) {
        Line::new(look).ink(Ink::Bad, line).end(out);
    }
    let why = why.strip_prefix("bascule: ").unwrap_or(why);
    for line in wrap(why, look.columns - 2).into_iter().take(4) {
        Line::indented(look, 2).text(line).end(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Look = Look::RICH;

    fn heard(networks: usize, lost: Option<&str>) -> Heard {
        let network = |n| {
            format!(
                r#"{{"name": "n{n}", "state": "up", "since": "", "layer": null, "reason": null,
                "roles": []}}"#
            )
        };
        let networks: Vec<String> = (0..networks).map(network).collect();
        let document = format!(
            r#"{{"api": "v1", "vantage": "a", "at": "2026-05-24T13:09:12.000Z", "problem": null,
            "groups": [], "networks": [{}]}}"#,
            networks.join(",")
        );
        let at = at(12);
        let why = lost.map(|why| (at + Duration::from_secs(5), Trouble::new(why)));
        Heard {
            status: running::read(document.as_bytes()).expect("a document"),
            at,
            lost: why,
        }
    }

    /// A second of 13:09 of that day.
    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_628_140 + second)
    }

    fn drawn(look: Look, lines: usize, heard: &Heard, now: SystemTime) -> String {
        let size = Size { lines, columns: 80 };
        frame(look, size, Duration::from_secs(5), heard, now)
    }

    #[test]
    fn a_frame_is_never_higher_than_the_window_and_says_what_is_missing() {
        let heard = heard(30, None);
        let all = drawn(Look::PLAIN, 40, &heard, at(12));
        assert_eq!(all.matches('\n').count(), 34);
        assert!(all.ends_with("seen from a\x1b[K\x1b[J"), "{all:?}");
        let cut = drawn(Look::PLAIN, 24, &heard, at(12));
        assert_eq!(cut.matches('\n').count(), 23);
        assert!(
            cut.ends_with("\n12 more lines: this window has 24\x1b[K\x1b[J"),
            "{cut:?}"
        );
        let tiny = drawn(Look::PLAIN, 1, &heard, at(12));
        assert_eq!(tiny.matches('\n').count(), 0, "{tiny:?}");
    }

    #[test]
    fn without_an_answer_the_last_table_is_shown_dimmed_with_its_age() {
        let heard = heard(1, Some("http://127.0.0.1:10110/ cannot be reached"));
        let shown = drawn(RICH, 24, &heard, at(32));
        let lines: Vec<&str> = shown.split("\x1b[K\n").collect();
        assert_eq!(
            lines,
            [
                "\x1b[H\x1b[1;31mno answer since 13:09:17 UTC; last seen: 13:09:12 UTC\x1b[0m",
                "  http://127.0.0.1:10110/ cannot be reached",
                "",
                "\x1b[2mnetwork       state       since        layer: reason              role     spare\x1b[0m",
                "\x1b[2mn0            up                                                           0\x1b[0m",
                "",
                "\x1b[2m2026-05-24 13:09:12 UTC, seen from a\x1b[0m",
                "\x1b[2mthis is 20s old, or the clocks of the daemon and of this machine differ\
                 \x1b[0m\x1b[K\x1b[J",
            ]
        );
    }
}
