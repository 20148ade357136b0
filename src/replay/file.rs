//! What a scenario file says: every table and every key. `docs/scenarios.md` explains them.

use crate::config::decode::{Reader, Table, Value, read_at};
use crate::config::fault::{At, Place};
use crate::config::table::{bare, merge_key, table};
use crate::config::values::Span;

table! {
    /// The whole file.
    struct File {
        /// One line: who, when, what.
        title: String,
        /// The number in the project's list of outages.
        id: String,
        /// What happened, in prose.
        happened: String,
        /// Where that is known from.
        sources: Vec<At<String>>,
        /// What must come of it, and why; where that is not what one would think, why not.
        judgement: String,
        /// When it begins: RFC 3339.
        start: String,
        /// How long it is.
        duration: Span,
        /// Where all chance comes from.
        seed: u32 = 1,
        /// An ordinary configuration, as text.
        config: String,
        /// What went wrong out there.
        timeline: Vec<At<Line>>,
        /// What went wrong here.
        prober: Prober,
        /// What must come of it.
        expect: Expect,
    }
}

table! {
    /// `[[timeline]]`: what some endpoints do, phase after phase.
    struct Line {
        /// `network/endpoint`, each part with `*` for anything.
        endpoints: Vec<At<String>>,
        /// When the first phase begins; before, all is well.
        from: String,
        /// One after the other.
        phases: Vec<At<String>>,
    }
}

table! {
    /// `[prober]`: our own side.
    struct Prober {
        /// When the first phase begins; before, all is well.
        from: String,
        /// One after the other.
        phases: Vec<At<String>>,
    }
}

table! {
    /// `[expect]`.
    struct Expect {
        /// What happens.
        event: Vec<At<EventTable>>,
        /// What metrics say.
        values: Vec<At<Values>>,
    }
}

table! {
    /// `[[expect.event]]`.
    struct EventTable {
        /// The earliest moment.
        at: String,
        /// How much later it may be.
        within: Span = Span::secs(120),
        /// It may happen any number of times until then, but once at least.
        often: bool = false,
        /// A network, or one of its endpoints (`x/web`).
        of: String,
        /// The state it enters.
        state: String,
        /// The failing layer.
        layer: String,
        /// The group whose active network changes.
        group: String,
        /// The network that is active from then on, or `none`.
        active: String,
        /// Why it is.
        reason: String,
        /// The state that our own connection enters.
        uplink: String,
    }
}

table! {
    /// `[[expect.values]]`.
    struct Values {
        /// When; default: at the end.
        at: String,
        /// `metric{label="value"} = number`.
        are: Vec<At<String>>,
    }
}
