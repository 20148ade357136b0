//! What the reader's side can show, and writing to it without falling over a closed pipe.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

use super::Trouble;
use crate::report::line::{Look, gated};

/// How to draw on standard output.
pub(super) fn look(plain: bool) -> Look {
    look_for(plain, io::stdout().is_terminal(), |name| {
        std::env::var(name).ok()
    })
}

/// The same for what fits into any window.
pub(super) fn fitting_look() -> Look {
    let out = io::stdout();
    let look = look(false);
    match out.is_terminal() {
        true => look.within(Size::of(out).columns),
        false => look,
    }
}

/// How to draw on standard error.
pub(super) fn look_on_stderr() -> Look {
    look_for(false, io::stderr().is_terminal(), |name| {
        std::env::var(name).ok()
    })
}

/// Whether standard error is a terminal that can take a line back: not a `dumb` one.
pub(super) fn shows_progress() -> bool {
    erases(io::stderr().is_terminal(), |name| std::env::var(name).ok())
}

fn erases(terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    terminal && env("TERM").is_none_or(|it| it != "dumb")
}

/// Colours need a terminal that is not `dumb` and a reader who did not say `NO_COLOR`; signs need
/// a terminal in a UTF-8 locale. Anything else gets ASCII, which every code page can show.
fn look_for(plain: bool, terminal: bool, env: impl Fn(&str) -> Option<String>) -> Look {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    if plain || !terminal || set("TERM").as_deref() == Some("dumb") {
        return Look::PLAIN;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.is_some_and(|it| {
        let it = it.to_ascii_lowercase();
        it.contains("utf-8") || it.contains("utf8")
    });
    Look {
        colour: set("NO_COLOR").is_none(),
        unicode: utf8,
        columns: Look::WIDTH,
    }
}

/// Writes to standard output. A reader who left (`| head`) has seen enough: no error.
pub(super) fn print(text: &str) -> Result<(), Trouble> {
    tell(text).map(drop)
}

/// Writes to standard output, and says whether somebody still reads.
pub(super) fn tell(text: &str) -> Result<bool, Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Trouble::new(format!(
            "cannot write to standard output: {error}"
        ))),
    }
}

/// Whether standard output is a terminal that can be drawn anew: not a `dumb` one.
pub(super) fn redraws() -> bool {
    erases(io::stdout().is_terminal(), |name| std::env::var(name).ok())
}

/// Lines and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) lines: usize,
    pub(super) columns: usize,
}

impl Size {
    /// Of a terminal that does not say.
    const USUAL: Self = Self {
        lines: 24,
        columns: 80,
    };

    /// Of the terminal behind this file, as it is now.
    pub(super) fn of(file: impl AsFd) -> Self {
        match tcgetwinsize(file) {
            Ok(size) if size.ws_row > 0 && size.ws_col > 0 => Self {
                lines: size.ws_row.into(),
                columns: size.ws_col.into(),
            },
            _ => Self::USUAL,
        }
    }
}

/// Writes to standard output what is too long to be held as one text.
pub(super) fn stream(
    write: impl FnOnce(&mut io::BufWriter<io::StdoutLock<'_>>) -> io::Result<()>,
) -> Result<(), Trouble> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::new(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Writes to standard error; if that fails there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// An error as standard error can show it; in a pipe its letters are left as they are, for a
/// program may read them.
pub(super) fn fit(text: &str) -> String {
    let ascii_only = io::stderr().is_terminal() && !look_on_stderr().unicode;
    gated(text, !ascii_only)
}

/// Writes an error to standard error, which may quote what a terminal cannot show or could obey.
pub(super) fn sorry(text: &str) {
    complain(&fit(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_terminal(env: &[(&str, &str)]) -> Look {
        look_for(false, true, |name| {
            let found = env.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn progress_needs_a_terminal_that_can_take_a_line_back() {
        let term = |value: &'static str| move |_: &str| Some(value.to_owned());
        assert!(erases(true, term("xterm")));
        assert!(erases(true, |_| None));
        assert!(!erases(true, term("dumb")));
        assert!(!erases(false, term("xterm")));
    }

    #[test]
    fn colours_and_signs_follow_the_terminal_the_locale_and_no_color() {
        let utf8 = ("LANG", "de_DE.UTF-8");
        let rich = Look::RICH;
        assert_eq!(on_terminal(&[utf8]), rich);
        assert_eq!(on_terminal(&[utf8, ("NO_COLOR", "")]), rich);
        let grey = Look {
            colour: false,
            ..rich
        };
        assert_eq!(on_terminal(&[utf8, ("NO_COLOR", "1")]), grey);
        let ascii = Look {
            unicode: false,
            ..rich
        };
        assert_eq!(on_terminal(&[]), ascii);
        assert_eq!(on_terminal(&[utf8, ("LC_ALL", "C")]), ascii);
        assert_eq!(on_terminal(&[utf8, ("TERM", "dumb")]), Look::PLAIN);
        let utf8_pipe = look_for(false, false, |_| Some("C.UTF-8".to_owned()));
        assert_eq!(utf8_pipe, Look::PLAIN);
        let asked = look_for(true, true, |_| Some("C.UTF-8".to_owned()));
        assert_eq!(asked, Look::PLAIN);
    }
}
