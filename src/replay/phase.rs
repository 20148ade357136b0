//! Phases: what an endpoint, or the prober itself, does for a while.
//!
//! ```text
//! WHAT [p=SHARE] [LENGTH]
//! tcp:drop 45m        http:500 p=0.28 25m        flap:300s,0.5:http:500 100m        ok
//! ```

use std::time::Duration;

/// What an endpoint does, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phase {
    pub(super) what: What,
    /// The share of rounds that meet it; the others find all well.
    pub(super) share: f64,
    /// `None`: to the end.
    pub(super) length: Option<Duration>,
}

/// What a round meets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// All is well.
    Ok,
    /// The resolver says SERVFAIL.
    DnsServfail,
    /// No DNS answer in time.
    DnsTimeout,
    /// The name has no address any more.
    DnsEmpty,
    /// The name does not exist.
    DnsNxdomain,
    /// Packets to the host are swallowed.
    TcpDrop,
    /// Each packet that opens a connection is lost with this probability.
    TcpLoss(f64),
    /// Connections are refused.
    TcpReset,
    /// The certificate has expired.
    TlsExpired,
    /// The certificate is for another name.
    TlsMismatch,
    /// The chain carries an expired certificate that nobody needs.
    TlsExtraExpired,
    /// The certificate has only so long to live.
    TlsExpires(Duration),
    /// A response with this status and a short page.
    Http(u16),
    /// A 200 with the shell of a script application and nothing in it.
    Shell,
    /// A 200 without a body.
    Empty,
    /// The answer takes so long.
    Slow(Duration),
    /// In every period, for a share of it, something else.
    Flap {
        period: Duration,
        duty: f64,
        inner: Box<Self>,
    },
}

/// What becomes of the prober.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    /// All is well.
    Ok,
    /// Nothing beyond the own network answers.
    UplinkDown,
    /// The resolver answers nothing; the way out is fine.
    ResolverDown,
    /// The machine sleeps.
    Suspend,
}

impl What {
    /// What it is `into` the phase: the inner part of a flap, or nothing wrong.
    pub(super) fn at(&self, into: Duration) -> &Self {
        match self {
            Self::Flap {
                period,
                duty,
                inner,
            } => {
                let period = period.as_secs_f64();
                if into.as_secs_f64() % period < period * duty {
                    inner
                } else {
                    &Self::Ok
                }
            }
            what => what,
        }
    }

    /// Reads it.
    fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (word, rest) {
            ("ok", "") => Self::Ok,
            ("shell", "") => Self::Shell,
            ("empty", "") => Self::Empty,
            ("dns", "servfail") => Self::DnsServfail,
            ("dns", "timeout") => Self::DnsTimeout,
            ("dns", "empty") => Self::DnsEmpty,
            ("dns", "nxdomain") => Self::DnsNxdomain,
            ("tcp", "drop") => Self::TcpDrop,
            ("tcp", "rst") => Self::TcpReset,
            ("tcp", rest) if rest.starts_with("drop") && rest.ends_with('%') => {
                let percent = &rest["drop".len()..rest.len() - 1];
                Self::TcpLoss(share(percent, 100.0)?)
            }
            ("tls", "expired") => Self::TlsExpired,
            ("tls", "mismatch") => Self::TlsMismatch,
            ("tls", "extra_expired_chain") => Self::TlsExtraExpired,
            ("tls", rest) if rest.starts_with("expires=") => {
                Self::TlsExpires(duration(&rest["expires=".len()..])?)
            }
            ("http" | "wall", code) => match code.parse() {
                Ok(code @ 100..=999) => Self::Http(code),
                _ => return Err(format!("`{code}` is not an HTTP status (100 to 999)")),
            },
            ("slow", millis) => match millis.parse() {
                Ok(millis @ 1..=600_000) => Self::Slow(Duration::from_millis(millis)),
                _ => return Err(format!("`{millis}` are not milliseconds (1 to 600000)")),
            },
            ("flap", rest) => Self::parse_flap(rest)?,
            _ => {
                return Err(format!(
                    "`{text}` is not one of ok, dns:servfail|timeout|empty|nxdomain, \
                     tcp:drop|drop30%|rst, tls:expired|mismatch|extra_expired_chain|expires=5d, \
                     http:CODE, wall:CODE, slow:MILLISECONDS, shell, empty, \
                     flap:PERIOD,SHARE:WHAT"
                ));
            }
        })
    }

    fn parse_flap(text: &str) -> Result<Self, String> {
        let parts = text.split_once(',').and_then(|(period, rest)| {
            let (duty, inner) = rest.split_once(':')?;
            Some((period, duty, inner))
        });
        let Some((period, duty, inner)) = parts else {
            return Err("write flap:PERIOD,SHARE:WHAT, such as flap:300s,0.5:http:500".to_owned());
        };
        let period = duration(period)?;
        if period < Duration::from_secs(1) {
            return Err("a period must be one second or longer".to_owned());
        }
        // Before it is read: a flap in a flap in a flap would have no end.
        if inner.starts_with("flap:") {
            return Err("a flap cannot flap".to_owned());
        }
        let inner = Self::parse(inner)?;
        Ok(Self::Flap {
            period,
            duty: share(duty, 1.0)?,
            inner: Box::new(inner),
        })
    }
}

impl Phase {
    /// Reads a phase of an endpoint.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (what, rest) = first_word(text);
        let what = What::parse(what)?;
        let (word, after) = first_word(rest);
        let (share, rest) = match word.strip_prefix("p=") {
            Some(number) => (share(number, 1.0)?, after),
            None => (1.0, rest),
        };
        Ok(Self {
            what,
            share,
            length: length(rest)?,
        })
    }
}

impl Ours {
    /// Reads a phase of the prober.
    pub(super) fn parse(text: &str) -> Result<(Self, Option<Duration>), String> {
        let (word, rest) = first_word(text);
        let ours = match word {
            "ok" => Self::Ok,
            "uplink:down" => Self::UplinkDown,
            "resolver:down" => Self::ResolverDown,
            "suspend" => Self::Suspend,
            _ => {
                return Err(format!(
                    "`{word}` is not one of ok, uplink:down, resolver:down, suspend"
                ));
            }
        };
        Ok((ours, length(rest)?))
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim())
}

fn length(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        Ok(None)
    } else {
        duration(text).map(Some)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is not a duration: write 30s, 45m or 2h"))
}

fn share(text: &str, whole: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=whole).contains(&number) => Ok(number / whole),
        _ => Err(format!("`{text}` is not a number from 0 to {whole}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_read_as_they_are_written_in_the_list_of_outages() {
        let phase = Phase::parse("flap:300s,0.5:http:500 p=0.25 100m").unwrap();
        let inner = Box::new(What::Http(500));
        let what = What::Flap {
            period: Duration::from_secs(300),
            duty: 0.5,
            inner,
        };
        assert_eq!(phase.what, what);
        assert_eq!(phase.share, 0.25);
        assert_eq!(phase.length, Some(Duration::from_secs(6000)));
        assert_eq!(
            Phase::parse("tcp:drop30% 1h 30m").unwrap(),
            Phase {
                what: What::TcpLoss(0.3),
                share: 1.0,
                length: Some(Duration::from_secs(5400)),
            }
        );
        assert_eq!(Phase::parse("ok").unwrap().length, None);
    }

    #[test]
    fn a_flap_is_bad_at_the_beginning_of_each_period() {
        let phase = Phase::parse("flap:300s,0.5:dns:empty").unwrap();
        let at = |seconds| phase.what.at(Duration::from_secs(seconds)).clone();
        assert_eq!(at(0), What::DnsEmpty);
        assert_eq!(at(149), What::DnsEmpty);
        assert_eq!(at(150), What::Ok);
        assert_eq!(at(301), What::DnsEmpty);
    }

    #[test]
    fn what_cannot_be_read_is_told_in_a_sentence() {
        let fault = |text| Phase::parse(text).unwrap_err();
        assert_eq!(
            fault("http:99 5m"),
            "`99` is not an HTTP status (100 to 999)"
        );
        assert_eq!(fault("ok p=2"), "`2` is not a number from 0 to 1");
        assert_eq!(
            fault("ok five"),
            "`five` is not a duration: write 30s, 45m or 2h"
        );
        assert!(fault("tcp:dropé%").contains("is not a number"));
        assert!(fault("flap:5m").starts_with("write flap:PERIOD"));
        let deep = "flap:1s,1:".repeat(100_000);
        assert_eq!(fault(&deep), "a flap cannot flap");
        assert!(fault("flop").starts_with("`flop` is not one of ok, dns:"));
        assert_eq!(
            Ours::parse("uplink:up").unwrap_err(),
            "`uplink:up` is not one of ok, uplink:down, resolver:down, suspend"
        );
    }
}
