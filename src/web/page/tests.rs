//! What the page says, from pictures made by hand.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::network::{Step, addresses, latency, steps};
use super::past::percent;
use super::samples::{HOUR, TITLES, ago, fail, failed_over, fine, good_past, lost, round, wall};
use super::*;
use crate::model::{
    Cause, GroupView, Kind, Layer, Name, NetworkView, Reason, Role, State, UplinkState, Verdict,
};
use crate::web::availability::Availability;
use crate::web::source::{Facts, MaintenanceFacts, NoticeFacts, Share};
use crate::web::tongue;

const THREE: [&str; 3] = ["X", "Bluesky", "Mastodon"];

fn page(matter: &Matter) -> String {
    String::from_utf8(document(matter)).expect("it is UTF-8")
}

fn group(matter: &mut Matter) -> &mut GroupView {
    &mut Arc::make_mut(&mut matter.picture.snapshot).groups[0]
}

fn network(matter: &mut Matter, place: usize) -> &mut NetworkView {
    &mut Arc::make_mut(&mut matter.picture.snapshot).networks[place]
}

fn assign(matter: &mut Matter, active: Option<&str>, roles: [Role; 3]) {
    let group = group(matter);
    group.active = active.map(Name::from);
    for ((_, role), new) in group.roles.iter_mut().zip(roles) {
        *role = new;
    }
}

/// What is between a beginning and an end, without tags.
fn text(page: &str, from: &str, to: &str) -> String {
    let (_, rest) = page.split_once(from).expect("it begins");
    let (inside, _) = rest.split_once(to).expect("it ends");
    let mut text = String::new();
    for piece in inside.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace(" ,", ",").replace(" :", ":")
}

fn verdict(matter: &Matter) -> (String, String) {
    let page = page(matter);
    (
        text(&page, "<title>", "</title>"),
        text(&page, "<h1>", "</h1>"),
    )
}

#[test]
fn the_first_thing_said_is_which_channel_to_use() {
    let page = page(&failed_over());
    assert_eq!(
        text(&page, "<title>", "</title>"),
        "X is down: use Bluesky · rennes-1"
    );
    let link = "<a class=\"use\" href=\"https://bluesky.example/ville\" rel=\"noreferrer\">\
                Post on: Bluesky.</a>";
    assert!(page.contains(link), "{page}");
}

#[test]
fn every_state_of_a_group_has_its_verdict() {
    let said = |matter: &Matter| verdict(matter);
    let expect = |matter: &Matter, title: &str, sentence: &str| {
        let title = format!("{title} · rennes-1");
        assert_eq!(said(matter), (title, sentence.to_owned()));
    };
    expect(
        &fine(&THREE),
        "All channels work: X",
        "All is well: All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );

    let mut lost = fine(&THREE);
    (0..3).for_each(|place| fail(&mut lost, place));
    assign(&mut lost, None, [Role::Failed; 3]);
    expect(
        &lost,
        "No channel works",
        "Alarm: No channel works. Last resort: https://ville.example/sms",
    );
    let resort = "<a class=\"use\" href=\"https://ville.example/sms\"";
    assert!(page(&lost).contains(resort));

    let mut starting = fine(&THREE);
    assign(&mut starting, None, [Role::Unknown; 3]);
    expect(
        &starting,
        "Not judged yet",
        "Not known: Nothing is judged yet.",
    );
    assign(
        &mut starting,
        None,
        [Role::Unknown, Role::Standby, Role::Failed],
    );
    expect(
        &starting,
        "Not judged yet",
        "Not known: Nothing is judged yet.",
    );

    let mut blind = fine(&THREE);
    let uplink = &mut Arc::make_mut(&mut blind.picture.snapshot).uplink;
    (uplink.states, uplink.since) = ([UplinkState::Down; 3], ago(300));
    group(&mut blind).frozen = true;
    expect(
        &blind,
        "Our own connection is down",
        "Not known: Our own connection is down since 13:04 UTC, 5m: nothing is judged. Last known: X.",
    );
    let frozen = "<p>Nothing is decided while our own connection is not proven.</p>";
    assert!(page(&blind).contains(frozen));

    let mut cared_for = fine(&THREE);
    network(&mut cared_for, 0).state = State::Maintenance;
    network(&mut cared_for, 0).since = ago(600);
    let roles = [Role::Disabled, Role::Active, Role::Standby];
    assign(&mut cared_for, Some("bluesky"), roles);
    expect(
        &cared_for,
        "X is in maintenance: use Bluesky",
        "Planned: X is in maintenance since 12:59 UTC. All other channels work. Post on: Bluesky. \
         Standby: Mastodon.",
    );

    let mut held = fine(&THREE);
    assign(
        &mut held,
        Some("bluesky"),
        [Role::Held, Role::Active, Role::Standby],
    );
    group(&mut held).failback_due = Some(("x".into(), ago(0) + Duration::from_secs(300)));
    group(&mut held).pinned = Some(("bluesky".into(), ago(0) + Duration::from_secs(HOUR)));
    network(&mut held, 0).since = ago(60);
    expect(
        &held,
        "All channels work: Bluesky",
        "Attention: X is up since 13:08 UTC and takes over at 13:14 UTC. All channels work. \
         Post on: Bluesky. It is pinned until 14:09 UTC. Standby: X, Mastodon.",
    );
}

/// A window of maintenance, in hours from now.
fn window(network: &str, from: u64, until: u64) -> MaintenanceFacts {
    let at = |hours: u64| wall() + Duration::from_secs(hours * HOUR);
    MaintenanceFacts {
        network: network.into(),
        from: at(from),
        until: at(until),
    }
}

#[test]
fn a_planned_absence_is_told_with_its_end_and_neither_as_trouble_nor_as_all_is_well() {
    let rests = |matter: &mut Matter, place: usize| {
        let view = network(matter, place);
        (view.state, view.since) = (State::Maintenance, ago(600));
    };
    let mut preferred = fine(&THREE);
    rests(&mut preferred, 0);
    let roles = [Role::Disabled, Role::Active, Role::Standby];
    assign(&mut preferred, Some("bluesky"), roles);
    // Windows that follow each other are one; one that comes later is another.
    let windows = [window("x", 0, 1), window("x", 1, 2), window("x", 5, 6)];
    Arc::make_mut(&mut preferred.facts).maintenance = windows.to_vec();
    let said = |matter: &Matter| verdict(matter);
    let expected = "Planned: X is in maintenance until 15:09 UTC. All other channels work. \
                    Post on: Bluesky. Standby: Mastodon.";
    assert_eq!(
        said(&preferred),
        (
            "X is in maintenance: use Bluesky · rennes-1".to_owned(),
            expected.to_owned()
        )
    );
    let row = page(&preferred);
    let row = text(&row, "<article class=\"s-maintenance\">", "<ol");
    let until = "X set aside maintenance until 15:09 UTC, since 12:59 UTC, 10m";
    assert_eq!(row, until);
    preferred.tongue = tongue::ALL[1];
    let expected = "Prévu: X est en maintenance jusqu'à 15:09 UTC. Tous les autres canaux \
                    fonctionnent. Publiez sur: Bluesky. En réserve: Mastodon.";
    assert_eq!(said(&preferred).1.replace('\u{a0}', ""), expected);

    let mut standby = fine(&THREE);
    rests(&mut standby, 2);
    let roles = [Role::Active, Role::Standby, Role::Disabled];
    assign(&mut standby, Some("x"), roles);
    let expected = "Planned: Mastodon is in maintenance since 12:59 UTC. All other channels work. \
                    Post on: X. Standby: Bluesky.";
    assert_eq!(said(&standby).1, expected);

    fail(&mut preferred, 1);
    fail(&mut preferred, 2);
    let roles = [Role::Disabled, Role::Failed, Role::Failed];
    assign(&mut preferred, None, roles);
    preferred.tongue = tongue::ENGLISH;
    let expected = "Alarm: No channel works. Last resort: https://ville.example/sms \
                    X is in maintenance until 15:09 UTC.";
    assert_eq!(said(&preferred).1, expected);
}

#[test]
fn while_we_are_blind_what_was_known_last_is_as_large_as_the_verdict() {
    let mut blind = failed_over();
    let snapshot = Arc::make_mut(&mut blind.picture.snapshot);
    let uplink = &mut snapshot.uplink;
    (uplink.states, uplink.since) = ([UplinkState::Down; 3], ago(300));
    uplink.gateway = Some(true);
    snapshot.groups[0].frozen = true;
    let page = page(&blind);
    let known = "<a class=\"use\" href=\"https://bluesky.example/ville\" rel=\"noreferrer\">\
                 Last known: Bluesky.</a>";
    assert!(page.contains(known), "{page}");
    assert_eq!(
        text(&page, "</h1>", "</section>"),
        "Bluesky has been the active channel since 2026-05-24 12:59 UTC. \
         Nothing is decided while our own connection is not proven. \
         Our gateway answers: the line is cut behind it."
    );
}

#[test]
fn the_news_of_a_day_stand_under_its_date() {
    let mut matter = failed_over();
    let mut early = lost(40);
    early.at = wall() - Duration::from_secs(14 * HOUR);
    matter.events.as_mut().expect("events").insert(0, early);
    let page = page(&matter);
    let days = "<h3><time datetime=\"2026-05-24\">2026-05-24</time></h3><ul>";
    assert_eq!(page.matches(days).count(), 1, "{page}");
    let before = "<h3><time datetime=\"2026-05-23\">2026-05-23</time></h3><ul>\
                  <li class=\"s-down\"><time datetime=\"2026-05-23T23:09:12.000Z\">23:09 UTC</time>";
    assert!(page.contains(before), "{page}");
}

#[test]
fn the_latest_news_are_open_and_the_rest_of_them_is_counted() {
    let mut matter = fine(&THREE);
    let news = |number| Some((1..=number).map(lost).collect());
    matter.events = news(8);
    assert!(!page(&matter).contains("earlier"));
    matter.events = news(25);
    let page = page(&matter);
    let (open, rest) = page
        .split_once("<details><summary>Show 12 earlier</summary><ul>")
        .expect("it folds");
    let rows = |page: &str| page.matches("<li class=\"s-down\"><time").count();
    // No second date: they are of the same day.
    assert_eq!((rows(open), rows(rest)), (8, 12));
}

#[test]
fn a_row_says_role_state_layers_addresses_and_spare_in_words() {
    let page = page(&failed_over());
    assert_eq!(
        text(&page, "<article class=\"s-down\">", "<div class=\"past\">"),
        "X failed down since 12:59 UTC, 10m the certificate has expired \
         DNS: works TCP: works TLS: fails HTTP: not reached content: not reached \
         Addresses 0/1 IPv4, 0/2 IPv6 Spare 0"
    );
    assert_eq!(
        text(&page, "<article class=\"s-up\">", "<div class=\"past\">"),
        "Bluesky active up since 2026-05-22 11:09 UTC, 2d 2h \
         DNS: works TCP: works TLS: works HTTP: works content: works \
         Addresses 1/1 IPv4, 2/2 IPv6 Answers in 142 ms Spare 1"
    );
    assert!(page.contains("<h3><a href=\"https://x.example/ville\" rel=\"noreferrer\">X</a></h3>"));
}

#[test]
fn layers_that_no_endpoint_probes_are_not_said_to_work() {
    let mut matter = fine(&["X"]);
    let mut plain = round(Verdict::Pass);
    let of = |matter: &Matter, round: &_| steps(&matter.picture.snapshot.networks[0], &[round]);
    plain.kind = Kind::Tcp;
    assert_eq!(
        of(&matter, &plain)[1..3],
        [Step::Works, Step::NotProbed],
        "TLS of a port"
    );
    plain.kind = Kind::Http;
    plain.addresses[0].reached = Some(Layer::Content);
    assert_eq!(
        of(&matter, &plain)[2..4],
        [Step::NotProbed, Step::Works],
        "TLS of plain HTTP"
    );
    network(&mut matter, 0).state = State::Degraded;
    network(&mut matter, 0).layer = Some(Layer::Http);
    assert_eq!(
        of(&matter, &plain)[3..],
        [Step::Troubled, Step::Works],
        "slow at HTTP"
    );
    network(&mut matter, 0).state = State::Maintenance;
    assert_eq!(of(&matter, &plain)[3..], [Step::NotKnown; 2]);
}

#[test]
fn addresses_count_once_and_our_own_trouble_counts_for_nothing() {
    let bad = Verdict::Fail(Cause::new(Reason::TcpTimeout, "late"));
    let ours = Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, "no route"));
    let (mut one, mut other) = (round(Verdict::Pass), round(Verdict::Pass));
    one.addresses[1].verdict = ours;
    other.addresses[1].verdict = bad;
    other.duration = Duration::from_millis(900);
    let both = [&one, &other];
    assert_eq!(addresses(&both).as_deref(), Some("1/1 IPv4, 1/2 IPv6"));
    assert_eq!(latency(&both), Some(Duration::from_millis(900)));
    assert_eq!((addresses(&[]), latency(&[])), (None, None));
}

#[test]
fn a_little_trouble_is_seen_and_looks_not_like_a_dead_day() {
    let mut shares = good_past(&"x".into()).days;
    shares.truncate(4);
    let day = shares[0].length;
    shares[1].state_time = [0, 86_390, 0, 10, 0].map(Duration::from_secs);
    shares[2].state_time = [day / 4, day / 4, day / 4, day / 4, Duration::ZERO];
    shares[3].state_time = Default::default();
    let mut matter = fine(&["X"]);
    matter.past.as_mut().expect("a past")[0].days = shares;
    let page = page(&matter);
    for path in [
        "<path class=\"u\" d=\"M0 12h9\">",
        "<path class=\"n\" d=\"M9 21h3\">",
        "<path class=\"p\" d=\"M7 0v6\">",
        "<path class=\"d\" d=\"M7 18v-6\">",
        "<path class=\"x\" d=\"M4 30v-8M7 30v-12\">",
        "aria-label=\"Last 4 days: 2 with trouble, 1 not observed\"",
        "<title>2026-02-25: down 10s</title>",
        "<td>2026-02-26</td><td>X</td><td>down 6h, degraded 6h, not observed 6h</td>",
    ] {
        assert!(page.contains(path), "{path} is not in {page}");
    }
}

#[test]
fn what_is_not_whole_is_never_shown_as_whole() {
    let share = |times: [u64; 5]| Share {
        from: wall(),
        length: Duration::from_secs(100_000),
        state_time: times.map(Duration::from_secs),
    };
    let of = |times| {
        let known = Availability::of(&[share(times)]);
        let of = |share| percent(tongue::ENGLISH, share);
        Some((of(known.share()?), of(known.observed()?)))
    };
    let is = |available: &str, observed: &str| Some((available.to_owned(), observed.to_owned()));
    assert_eq!(of([0, 100_000, 0, 0, 0]), is("100 %", "100 %"));
    assert_eq!(of([0, 99_999, 0, 1, 0]), is("99.99 %", "100 %"));
    assert_eq!(of([1, 50_000, 25_000, 24_999, 0]), is("75.00 %", "99.99 %"));
    assert_eq!(of([0, 30_000, 0, 10_000, 50_000]), is("75.00 %", "80.00 %"));
    assert_eq!(of([90_000, 0, 0, 0, 10_000]), None);
    let rounded = [0.999_999, 0.999_9, 0.07, 0.0].map(|it| percent(tongue::ENGLISH, it));
    assert_eq!(rounded, ["99.99 %", "99.99 %", "7.00 %", "0.00 %"]);
}

#[test]
fn a_figure_says_how_much_of_the_time_it_is_about_unless_that_is_nearly_all() {
    let figures = |observed: u64, language: usize| {
        let mut matter = fine(&["X"]);
        let past = &mut matter.past.as_mut().expect("a past")[0];
        past.hours.truncate(1);
        past.hours[0].length = Duration::from_secs(100_000);
        // A tenth of what was seen was an outage.
        let seen = [0, observed - observed / 10, 0, observed / 10, 0];
        past.hours[0].state_time = seen.map(Duration::from_secs);
        past.days = past.hours.clone();
        matter.tongue = tongue::ALL[language];
        let page = page(&matter);
        let line = |class: &str| {
            let (_, rest) = page.split_once(class).expect("bars");
            text(rest, "</svg><p>", "</p>").replace('\u{a0}', " ")
        };
        (line("class=\"d90\""), line("class=\"h24\""))
    };
    let expect = |observed, language, days: &str, hours: &str| {
        assert_eq!(
            figures(observed, language),
            (days.to_owned(), hours.to_owned())
        );
    };
    expect(95_000, 0, "1 days 90.00 % today", "1 hours 90.00 %");
    expect(
        94_990,
        0,
        "1 days 90.00 % of 94 % observed today",
        "1 hours 90.00 % of 94 % observed",
    );
    expect(
        1_000,
        1,
        "1 jours 90,00 % sur 1 % observé aujourd'hui",
        "1 heures 90,00 % sur 1 % observé",
    );
    // Four minutes of a day, and of ninety days.
    expect(
        990,
        0,
        "1 days under 1 % observed today",
        "1 hours under 1 % observed",
    );
    expect(
        0,
        1,
        "1 jours moins de 1 % observé aujourd'hui",
        "1 heures moins de 1 % observé",
    );
}

#[test]
fn an_hour_that_has_just_begun_is_neither_good_nor_bad_nor_unobserved() {
    let mut matter = fine(&["X"]);
    let past = &mut matter.past.as_mut().expect("a past")[0];
    for shares in [&mut past.hours, &mut past.days] {
        shares.truncate(2);
        shares[1].length = Duration::ZERO;
        shares[1].state_time = [0, 0, 0, 60, 0].map(Duration::from_secs);
    }
    let whole = page(&matter);
    for said in [
        "aria-label=\"Last 2 hours: 0 with trouble, 0 not observed\"><path class=\"u\" d=\"M0 12h3\"></path></svg>",
        "aria-label=\"Last 2 days: 0 with trouble, 0 not observed\"><path class=\"u\" d=\"M0 12h3\"></path></svg>",
        "No day with trouble is known.",
    ] {
        assert!(whole.contains(said), "{said}: {whole}");
    }
    let past = &mut matter.past.as_mut().expect("a past")[0];
    past.hours.clear();
    past.days.remove(0);
    past.days[0].state_time = Default::default();
    let cells = text(&page(&matter), "<th scope=\"row\">", "</tr>");
    assert_eq!(cells, "X – – – –");
}

#[test]
fn events_are_told_from_their_fields_with_the_length_of_the_outage() {
    let matter = failed_over();
    let page = page(&matter);
    assert_eq!(
        text(&page, "<div class=\"events\">", "</ul>"),
        "2026-05-24 \
         12:59 UTC crisis: from X to Bluesky · the active channel was lost \
         12:59 UTC X is down · 10m so far · TLS · the certificate has expired"
    );
    assert!(!page.contains("203.0.113.7"), "no sentence of the log");
}

#[test]
fn notices_and_maintenance_stand_behind_the_verdict_in_the_language_of_the_reader() {
    let at = |hours: u64| wall() + Duration::from_secs(hours * HOUR);
    let notice = |texts: &[(Option<&str>, &str)], until| NoticeFacts {
        texts: texts
            .iter()
            .map(|(language, text)| (language.map(str::to_owned), (*text).to_owned()))
            .collect(),
        until,
    };
    let mut matter = fine(&THREE);
    assert!(!page(&matter).contains("section class=\"said\""));
    let facts = Arc::make_mut(&mut matter.facts);
    facts.notices = vec![
        notice(&[(None, "over")], wall()),
        notice(&[(Some("en"), "Both."), (Some("fr"), "Les deux.")], at(2)),
        notice(&[(Some("br"), "<b>Demat")], at(3)),
    ];
    facts.maintenance = vec![
        window("x", 0, 1),
        window("mastodon", 24, 25),
        window("bluesky", 25, 26),
    ];
    let said = |matter: &Matter| text(&page(matter), "<section class=\"said\"", "</section>");
    assert_eq!(
        said(&matter),
        "Both. Until 2026-05-24 15:09 UTC. <b>Demat Until 2026-05-24 16:09 UTC. \
         In maintenance: X, from 2026-05-24 13:09 to 2026-05-24 14:09 UTC. \
         Maintenance announced: Mastodon, from 2026-05-25 13:09 to 2026-05-25 14:09 UTC."
            .replace("<b>", "&lt;b&gt;")
    );
    let whole = page(&matter);
    let places = ["</h1>", "class=\"said\"", "<article"].map(|it| whole.find(it));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    assert!(whole.contains("<span lang=\"br\">&lt;b&gt;Demat</span>"));
    assert!(
        whole.contains("<span>Both.</span>"),
        "the language of the page"
    );
    matter.tongue = tongue::ALL[1];
    assert_eq!(
        said(&matter).replace("&lt;b&gt;", ""),
        "Les deux. Jusqu'au 2026-05-24 15:09 UTC. Demat Jusqu'au 2026-05-24 16:09 UTC. \
         En maintenance: X, du 2026-05-24 13:09 au 2026-05-24 14:09 UTC. \
         Maintenance annoncée: Mastodon, du 2026-05-25 13:09 au 2026-05-25 14:09 UTC."
    );
}

#[test]
fn a_prober_that_is_late_or_hangs_says_so_first() {
    let mut matter = fine(&THREE);
    assert!(!page(&matter).contains("role=\"alert\""));
    matter.picture.wall += Duration::from_secs(600);
    matter.clock = matter.picture.wall;
    let late = "The prober itself is late: its newest round ended at 2026-05-24 13:09:09 UTC \
                (10m 3s ago).";
    let alert = |matter: &Matter| text(&page(matter), "role=\"alert\">", "</p>");
    assert_eq!(alert(&matter), late);
    matter.clock += Duration::from_secs(20);
    let hangs = "The prober itself hangs: nothing has been judged since 2026-05-24 13:19:12 UTC \
                 (20s ago).";
    assert_eq!(alert(&matter), hangs);
    assert!(
        verdict(&matter).0.starts_with("? "),
        "the tab is not sure either"
    );
    let page = page(&matter);
    assert!(page.contains("data is 10m 23s old."));
    assert!(page.contains("not been renewed since 2026-05-24 13:19:32 UTC"));
}

#[test]
fn what_comes_from_outside_is_escaped_and_printable() {
    const EVIL: &str = "<script src=\"//evil.example\">\u{202e}&'";
    let mut matter = failed_over();
    let mut facts = Facts::clone(&matter.facts);
    facts.vantage = EVIL.to_owned();
    facts.networks.iter_mut().for_each(|it| {
        it.title = EVIL.to_owned();
        it.profile = Some(format!("javascript:{EVIL}"));
    });
    matter.facts = Arc::new(facts);
    matter.problem = Some(EVIL.to_owned());
    group(&mut matter).name = EVIL.into();
    for row in matter.events.iter_mut().flatten() {
        row.group = Some(EVIL.to_owned());
        row.network = Some(EVIL.to_owned());
        row.from = Some(EVIL.to_owned());
        row.layer = Some(EVIL.to_owned());
    }
    let page = page(&matter);
    assert!(page.contains("&lt;script src=&quot;//evil.example&quot;&gt;\u{fffd}&amp;'"));
    for evil in ["<script", "\u{202e}", "javascript:"] {
        assert!(!page.contains(evil), "{evil}: {page}");
    }
}

#[test]
fn the_page_of_the_eight_networks_in_their_worst_ninety_days_is_whole() {
    let mut matter = failed_over();
    trouble(&mut matter, 3);
    let page = page(&matter);
    assert!(page.len() <= LARGEST, "{}", page.len());
    assert_eq!(page.matches("<article").count(), TITLES.len());
    assert_eq!(page.matches("<svg class=\"b days\"").count(), TITLES.len());
    let rest = "<p>720 days more with trouble: <a href=\"/api/v1/outages\">";
    assert!(page.contains(rest), "{page}");
}

/// Every hour and day has some of everything.
fn trouble(matter: &mut Matter, seed: u32) {
    for past in matter.past.iter_mut().flatten() {
        for (place, share) in past.hours.iter_mut().chain(&mut past.days).enumerate() {
            let part = |of: u32| share.length / (of + (place as u32 + seed) % 5);
            share.state_time = [Duration::ZERO, part(4), part(5), part(6), part(7)];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_page_is_larger_than_promised(
        networks in 0_usize..120,
        groups in 0_usize..40,
        title in "[<&\"x\u{1f6a8}é]{0,300}",
        seed in 0_u32..9,
        failed in any::<bool>(),
        language in 0_usize..tongue::ALL.len(),
    ) {
        let names: Vec<String> = (0..networks).map(|n| format!("n{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut matter = fine(&names);
        let mut facts = Facts::clone(&matter.facts);
        for network in &mut facts.networks {
            network.title.clone_from(&title);
            network.profile = Some(format!("https://x.example/{}", "&".repeat(140)));
        }
        facts.notices = vec![
            NoticeFacts {
                texts: vec![(Some("\"".repeat(30)), "\"".repeat(500))],
                until: wall() + Duration::from_secs(HOUR),
            };
            10
        ];
        facts.maintenance = names.iter().map(|name| MaintenanceFacts {
            network: (*name).into(),
            from: wall(),
            until: wall() + Duration::from_secs(HOUR),
        }).collect();
        matter.facts = Arc::new(facts);
        trouble(&mut matter, seed);
        if failed {
            (0..networks).for_each(|place| fail(&mut matter, place));
            group(&mut matter).roles.iter_mut().for_each(|(_, role)| *role = Role::Failed);
        }
        let one = group(&mut matter).clone();
        let snapshot = Arc::make_mut(&mut matter.picture.snapshot);
        snapshot.groups = (0..groups).map(|n| GroupView {
            name: format!("{n}{title}").into(),
            ..one.clone()
        }).collect();
        matter.tongue = tongue::ALL[language];
        matter.events = Some((0..60).map(lost).collect());
        let page = page(&matter);
        prop_assert!(page.len() <= LARGEST, "{} bytes", page.len());
        prop_assert!(page.ends_with("</html>\n"));
    }
}
