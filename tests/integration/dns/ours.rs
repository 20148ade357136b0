//! Trouble of our own: no route, no descriptors, no processor. Never a failure.

use std::fs::File;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use bascule::model::{Family, Layer, Reason};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::child::alone_in_own_network;
use crate::support::dns::*;

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn a_resolver_that_we_have_no_route_to_is_local_no_route() {
    let name = "dns::ours::a_resolver_that_we_have_no_route_to_is_local_no_route";
    if !alone_in_own_network(name, "ip link set lo up") {
        return;
    }
    run(async {
        for server in ["192.0.2.53", "[2001:db8::53]"] {
            for scheme in ["udp://", "tcp://", "tls://dns.test@"] {
                let resolvers = [resolver(&format!("{scheme}{server}"))];
                let found = client()
                    .resolve("www.example.test", &Family::ALL, &resolvers, PLENTY)
                    .await;
                assert_inconclusive(&found.outcome.unwrap_err(), Reason::LocalNoRoute);
                let probed = client()
                    .probe(&target("example.test", RecordType::A), &resolvers, PLENTY)
                    .await;
                assert_inconclusive(&probed.verdict, Reason::LocalNoRoute);
            }
        }
    });
}

#[test]
fn a_process_without_free_descriptors_is_local_resources() {
    let name = "dns::ours::a_process_without_free_descriptors_is_local_resources";
    if !alone_in_own_network(name, "ip link set lo up\nulimit -n 64") {
        return;
    }
    run(async {
        let mut hoard = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            hoard.push(file);
        }
        for resolver in ["udp://127.0.0.1:5", "tcp://127.0.0.1:5"].map(resolver) {
            let found = client()
                .resolve("www.example.test", &Family::ALL, &[resolver], PLENTY)
                .await;
            assert_inconclusive(&found.outcome.unwrap_err(), Reason::LocalResources);
        }
    });
}

#[tokio::test]
async fn silence_while_this_process_did_not_run_is_local_late() {
    let server = Responder::start(|q| match q.is_control() {
        true => bytes(&q.healthy()),
        false => vec![],
    })
    .await;
    let limit = Duration::from_millis(500);
    let (question, resolvers) = (target("www.example.test", RecordType::A), [server.udp()]);
    let dns = client();
    let starved = async {
        // The only thread of this runtime is taken away, as a stopped machine would do it.
        while server.asked() == 0 {
            tokio::task::yield_now().await;
        }
        thread::sleep(Duration::from_millis(1700));
    };
    let (probed, ()) = tokio::join!(dns.probe(&question, &resolvers, limit), starved);
    assert_inconclusive(&probed.verdict, Reason::LocalLate);
}

/// The name's IPv4 address is known, the question for IPv6 ones fails.
async fn half() -> Option<bascule::model::Cause> {
    let server = Responder::start(|q| match q.record_type() {
        RecordType::AAAA => bytes(&q.reply(ResponseCode::ServFail)),
        _ => bytes(&q.healthy()),
    })
    .await;
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[server.udp()], PLENTY)
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.addresses, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
    found.partial
}

#[test]
fn a_family_that_cannot_be_looked_up_beside_a_good_one_is_partial_addresses() {
    let name =
        "dns::ours::a_family_that_cannot_be_looked_up_beside_a_good_one_is_partial_addresses";
    let setup = "ip link set lo up\nip -6 route add default dev lo";
    if !alone_in_own_network(name, setup) {
        return;
    }
    run(async {
        let cause = half().await.unwrap();
        assert_eq!(cause.reason, Reason::PartialAddresses);
        assert_eq!(cause.layer, Some(Layer::Dns));
        assert_eq!(
            cause.detail,
            "no ipv6 addresses: www.example.test AAAA: the resolver answers SERVFAIL (dns_servfail)"
        );
    });
}

#[test]
fn a_family_that_we_have_no_route_for_is_never_partial() {
    let name = "dns::ours::a_family_that_we_have_no_route_for_is_never_partial";
    if !alone_in_own_network(name, "ip link set lo up") {
        return;
    }
    run(async { assert_eq!(half().await, None) });
}
