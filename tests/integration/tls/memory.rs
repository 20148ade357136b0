//! A chain that is known to be trusted is not checked again; everything else is.

use std::time::{Duration, SystemTime};

use bascule::host::clock::Clock;
use bascule::model::Reason;
use bascule::probe::Prober;
use bascule::probe::target::What;

use crate::support::certificates::{Authority, now, wish};
use crate::support::servers::{shows, tls};
use crate::support::targets::{assert_fails, assert_pass, target, tls_at, tls_of};

const DAY: Duration = Duration::from_secs(86_400);

fn prober_at(time: SystemTime) -> Prober {
    Prober::new(
        Clock::with_wall(move || time),
        bascule::probe::trust::Roots::none(),
    )
}

#[tokio::test]
async fn a_known_chain_is_still_judged_by_date_and_name() {
    let root = Authority::root("root");
    let roots = root.roots();
    let server = tls(shows(&root.sign(&wish("good.example").valid(-30, 5)))).await;
    let what = || What::Tls(Box::new(tls_at(server, roots.clone())));

    let first = prober_at(now()).round(&target(what())).await;
    assert_pass(&first);
    let second = prober_at(now()).round(&target(what())).await;
    assert_pass(&second);
    assert_eq!(tls_of(&first), tls_of(&second), "the facts are the same");

    let later = prober_at(now() + 9 * DAY).round(&target(what())).await;
    assert_fails(&later, Reason::TlsExpired, "certificate expired 4 days ago");
    let earlier = prober_at(now() - 40 * DAY).round(&target(what())).await;
    assert_eq!(
        earlier.verdict.cause().unwrap().reason,
        Reason::TlsNotYetValid
    );

    let mut other = tls_at(server, roots.clone());
    other.host.host = "bad.example".into();
    let other = prober_at(now())
        .round(&target(What::Tls(Box::new(other))))
        .await;
    assert_fails(
        &other,
        Reason::TlsNameMismatch,
        "certificate is for good.example, not for bad.example",
    );
}

#[tokio::test]
async fn a_chain_that_one_set_of_roots_trusts_is_unknown_to_another() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let server = tls(shows(&root.sign(&wish("good.example")))).await;
    let at = |roots| target(What::Tls(Box::new(tls_at(server, roots))));
    assert_pass(&prober_at(now()).round(&at(root.roots())).await);
    let round = prober_at(now()).round(&at(stranger.roots())).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::TlsUntrusted);
}
