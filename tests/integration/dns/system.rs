//! The resolver `system`: its servers in order, the hosts file, and files that change.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use bascule::model::{Family, Reason, Transport, Verdict};
use bascule::probe::dns::{DnsClient, Resolution};
use bascule::probe::target::Resolver;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use tempfile::TempDir;

use crate::support::dns::*;

/// The two files of a machine, in a directory of their own.
struct Files {
    directory: TempDir,
}

impl Files {
    fn new(resolv_conf: &str, hosts: &str) -> Self {
        let files = Self {
            directory: TempDir::new().unwrap(),
        };
        std::fs::write(files.resolv_conf(), resolv_conf).unwrap();
        std::fs::write(files.directory.path().join("hosts"), hosts).unwrap();
        files
    }

    fn resolv_conf(&self) -> PathBuf {
        self.directory.path().join("resolv.conf")
    }

    fn client(&self) -> DnsClient {
        client_reading(&self.resolv_conf(), &self.directory.path().join("hosts"))
    }
}

async fn resolve(client: &DnsClient, host: &str) -> Resolution {
    let resolvers = [Resolver::system()];
    client.resolve(host, &Family::ALL, &resolvers, PLENTY).await
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Two responders at two addresses and the same port, as `resolv.conf` needs them.
async fn two(
    first: impl Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync + 'static,
    second: impl Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (Responder, Responder, Files, DnsClient) {
    let first = Responder::start(first).await;
    let port = first.address.port();
    let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let second = Responder::start_at(ip, Some(port), second).await;
    let files = Files::new("nameserver 127.0.0.1\nnameserver 127.0.0.2\n", "");
    let client = files.client().with_system_port(port);
    (first, second, files, client)
}

#[tokio::test]
async fn the_first_server_that_can_answer_is_enough() {
    let (_first, second, _files, client) =
        two(|q| bytes(&q.healthy()), |q| bytes(&q.healthy())).await;
    let found = resolve(&client, "www.example.test").await;
    assert_eq!(found.addresses, [ip("192.0.2.7"), ip("2001:db8::7")]);
    assert_eq!(found.queries.len(), 2);
    assert_eq!(&*found.queries[0].resolver, "system");
    assert_eq!(second.asked(), 0);
}

#[tokio::test]
async fn a_server_that_cannot_answer_hands_over_at_once() {
    for code in [ResponseCode::Refused, ResponseCode::ServFail] {
        let (first, _second, _files, client) =
            two(move |q| bytes(&q.reply(code)), |q| bytes(&q.healthy())).await;
        let found = resolve(&client, "www.example.test").await;
        assert_eq!(found.outcome, Ok(()));
        assert_eq!(
            found.queries.len(),
            2,
            "one item a question, not one a server"
        );
        assert_eq!(first.asked(), 2);
        assert!(found.duration < PLENTY / 4, "{:?}", found.duration);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_hands_over_at_once() {
    let server = Responder::start(|q| bytes(&q.healthy())).await;
    // Nobody is bound to this port at the other address.
    let files = Files::new("nameserver 127.77.7.7\nnameserver 127.0.0.1\n", "");
    let client = files.client().with_system_port(server.address.port());
    let found = resolve(&client, "www.example.test").await;
    assert_eq!(found.outcome, Ok(()));
    assert!(found.duration < PLENTY / 4, "{:?}", found.duration);
}

#[tokio::test]
async fn a_silent_server_leaves_time_for_the_next_one() {
    let (first, _second, _files, client) = two(|_| vec![], |q| bytes(&q.healthy())).await;
    let found = client
        .resolve(
            "www.example.test",
            &Family::ALL,
            &[Resolver::system()],
            SHORT,
        )
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert!(first.asked() >= 4, "both questions were asked twice");
    assert!(
        found.duration >= SHORT / 2 && found.duration < SHORT,
        "{:?}",
        found.duration
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_the_last_word() {
    let (_first, second, _files, client) = two(
        |q| bytes(&q.reply(ResponseCode::NXDomain)),
        |q| bytes(&q.healthy()),
    )
    .await;
    let found = resolve(&client, "www.example.test").await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNxdomain);
    assert_eq!(second.asked(), 0);
}

#[tokio::test]
async fn of_servers_that_all_fail_the_one_that_says_most_is_told() {
    let script = |code| {
        move |q: &Incoming| match q.is_control() {
            true => bytes(&q.healthy()),
            false => bytes(&q.reply(code)),
        }
    };
    let (_first, _second, _files, client) = two(
        script(ResponseCode::Refused),
        script(ResponseCode::ServFail),
    )
    .await;
    let found = resolve(&client, "www.example.test").await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsServfail);
}

#[tokio::test]
async fn a_system_without_a_usable_server_is_local_resolver() {
    let missing = client();
    let empty = Files::new("search example.test\nnameserver nonsense\n", "");
    for (client, part) in [
        (missing, "cannot be read"),
        (empty.client(), "names no server"),
    ] {
        let found = resolve(&client, "www.example.test").await;
        let verdict = found.outcome.unwrap_err();
        assert_inconclusive(&verdict, Reason::LocalResolver);
        assert!(
            verdict.cause().unwrap().detail.contains(part),
            "{verdict:?}"
        );
    }
}

#[tokio::test]
async fn for_the_kind_dns_too_a_sick_system_is_local_resolver_and_a_well_one_is_believed() {
    let sick = Responder::start(|q| bytes(&q.reply(ResponseCode::ServFail))).await;
    let well = Responder::start(|q| match q.is_control() {
        true => bytes(&q.healthy()),
        false => bytes(&q.reply(ResponseCode::ServFail)),
    })
    .await;
    let files = Files::new("nameserver 127.0.0.1\n", "");
    let target = target("example.test", RecordType::TXT);
    let resolvers = [Resolver::system()];

    let client = files.client().with_system_port(sick.address.port());
    let probed = client.probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsServfail);
    assert_unproven(&probed.standing, &[&Resolver::system()]);
    let verdict = alone(probed.verdict, &probed.standing);
    assert_inconclusive(&verdict, Reason::LocalResolver);

    let client = files.client().with_system_port(well.address.port());
    let probed = client.probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsServfail);
    assert_unproven(&probed.standing, &[]);
}

#[tokio::test]
async fn a_changed_resolv_conf_is_used_from_the_next_question_on() {
    let (first, second, files, client) =
        two(|q| bytes(&q.healthy()), |q| bytes(&q.healthy())).await;
    let path = files.resolv_conf();
    std::fs::write(&path, "nameserver 127.0.0.1\n").unwrap();
    assert_eq!(resolve(&client, "www.example.test").await.outcome, Ok(()));
    assert_eq!((first.asked(), second.asked()), (2, 0));

    // In place and of the same length, then by renaming another file over it.
    std::fs::write(&path, "nameserver 127.0.0.2\n").unwrap();
    assert_eq!(resolve(&client, "www.example.test").await.outcome, Ok(()));
    assert_eq!((first.asked(), second.asked()), (2, 2));

    let other = path.with_extension("new");
    std::fs::write(&other, "nameserver 127.0.0.1\n").unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(resolve(&client, "www.example.test").await.outcome, Ok(()));
    assert_eq!((first.asked(), second.asked()), (4, 2));

    std::fs::remove_file(&path).unwrap();
    let verdict = resolve(&client, "www.example.test")
        .await
        .outcome
        .unwrap_err();
    assert_inconclusive(&verdict, Reason::LocalResolver);
}

#[tokio::test]
async fn the_hosts_file_is_asked_first_and_settles_both_families() {
    let server = Responder::start(|q| bytes(&q.healthy())).await;
    let files = Files::new(
        "nameserver 127.0.0.1\n",
        "192.0.2.80 www.example.test alias.test # ours\nnonsense line\n2001:db8::80 v6.test\n",
    );
    let client = files.client().with_system_port(server.address.port());
    let found = resolve(&client, "WWW.example.test").await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.addresses, [ip("192.0.2.80")]);
    assert_eq!(found.partial, None);
    assert_eq!(found.queries[0].transport, Transport::Hosts);
    assert_eq!(found.queries[0].answers[0].data, "192.0.2.80");
    assert_eq!(
        resolve(&client, "alias.test").await.addresses,
        [ip("192.0.2.80")]
    );
    assert_eq!(
        resolve(&client, "v6.test").await.addresses,
        [ip("2001:db8::80")]
    );
    assert_eq!(server.asked(), 0);

    let mut target = target("alias.test", RecordType::A);
    target.answers_match = patterns(&[r"^192\.0\.2\.80$"]);
    let probed = client.probe(&target, &[Resolver::system()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(server.asked(), 0, "the kind `dns` honours the file as well");
}

#[tokio::test]
async fn a_changed_hosts_file_is_used_from_the_next_question_on() {
    let files = Files::new("", "192.0.2.1 www.example.test\n");
    let client = files.client();
    assert_eq!(
        resolve(&client, "www.example.test").await.addresses,
        [ip("192.0.2.1")]
    );
    std::fs::write(
        files.directory.path().join("hosts"),
        "192.0.2.2 www.example.test\n",
    )
    .unwrap();
    assert_eq!(
        resolve(&client, "www.example.test").await.addresses,
        [ip("192.0.2.2")]
    );
}

#[tokio::test]
async fn localhost_is_this_machine_unless_the_hosts_file_says_otherwise() {
    let files = Files::new("", "");
    let client = files.client();
    for host in ["localhost", "www.localhost", "LOCALHOST."] {
        let found = resolve(&client, host).await;
        assert_eq!(found.addresses, [ip("127.0.0.1"), ip("::1")]);
    }
    let files = Files::new("", "127.0.0.5 localhost\n");
    let client = files.client();
    assert_eq!(
        resolve(&client, "localhost").await.addresses,
        [ip("127.0.0.5")]
    );
}
