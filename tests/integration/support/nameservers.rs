//! Real name servers on loopback: bind9 as the authority for a small world, unbound as a
//! resolver in front of it. Each in a directory and on ports of its own; gone when dropped.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bascule::model::Verdict;
use bascule::probe::target::Resolver;
use hickory_resolver::proto::rr::RecordType;
use tempfile::TempDir;
use tokio::time::Instant;

use super::dns::{client, resolver, target};

/// How long a server may take to answer its first question.
const START: Duration = Duration::from_secs(30);

/// The root of the small world, so that everything in it can be found from the top.
const ROOT_ZONE: &str = "\
$TTL 300
@ SOA ns.example.test. admin.example.test. 1 3600 600 86400 60
@ NS ns.example.test.
ns.example.test. A 127.0.0.1
";

const EXAMPLE_ZONE: &str = r#"
$TTL 300
@ SOA ns admin 2026112201 3600 600 86400 60
@ NS ns
@ MX 10 mail
@ CAA 0 issue "ca.example.test"
@ TXT "v=spf1 -all"
@ HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.7
@ TYPE65400 \# 3 cafe00
ns A 127.0.0.1
mail 120 A 192.0.2.25
www 60 A 192.0.2.7
www 60 A 192.0.2.8
www 60 AAAA 2001:db8::7
alias 30 CNAME www
text TXT "only text"
"#;

/// A running server.
pub(crate) struct NameServer {
    child: Child,
    port: u16,
    tls_port: u16,
    _directory: TempDir,
}

impl NameServer {
    /// bind9, authoritative for `.` and `example.test`; `broken.test` cannot be loaded and
    /// gives SERVFAIL, `closed.test` gives REFUSED, `big.example.test` has a TXT of 4 kB.
    pub(crate) async fn bind9() -> Self {
        let directory = TempDir::new().unwrap();
        let at = directory.path();
        let big: String = (0..16)
            .map(|n| format!("big TXT \"{n:0>240}\"\n"))
            .collect();
        fs::write(at.join("root.zone"), ROOT_ZONE).unwrap();
        fs::write(at.join("example.zone"), format!("{EXAMPLE_ZONE}{big}")).unwrap();
        let port = free_port();
        let path = at.display();
        let configuration = format!(
            r#"
            options {{
                directory "{path}"; pid-file "{path}/pid"; session-keyfile "{path}/session.key";
                lock-file none; managed-keys-directory "{path}";
                listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 port {port} {{ ::1; }};
                recursion no; dnssec-validation no; notify no; empty-zones-enable no;
                minimal-responses yes;
            }};
            controls {{ }};
            zone "." {{ type primary; file "root.zone"; }};
            zone "example.test" {{ type primary; file "example.zone"; }};
            zone "broken.test" {{ type primary; file "missing.zone"; }};
            zone "closed.test" {{ type primary; file "root.zone"; allow-query {{ none; }}; }};
            "#
        );
        fs::write(at.join("named.conf"), configuration).unwrap();
        let child = Command::new("/usr/sbin/named")
            .args(["-g", "-n", "1", "-c"])
            .arg(at.join("named.conf"))
            .stderr(log(at))
            .spawn()
            .expect("named cannot be started: install the Debian package bind9");
        Self {
            child,
            port,
            tls_port: 0,
            _directory: directory,
        }
        .ready()
        .await
    }

    /// unbound, which finds everything at `authority`, and offers DNS over TLS with this
    /// certificate and key (PEM).
    pub(crate) async fn unbound(authority: &Self, certificate: &str, key: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let at = directory.path();
        fs::write(at.join("cert.pem"), certificate).unwrap();
        fs::write(at.join("key.pem"), key).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        let path = at.display();
        let configuration = format!(
            r#"
server:
    directory: "{path}"
    chroot: ""
    username: ""
    pidfile: "{path}/pid"
    use-syslog: no
    logfile: ""
    do-daemonize: no
    num-threads: 1
    interface: 127.0.0.1@{port}
    interface: 127.0.0.1@{tls_port}
    tls-port: {tls_port}
    tls-service-pem: "{path}/cert.pem"
    tls-service-key: "{path}/key.pem"
    do-not-query-localhost: no
    module-config: "iterator"
    local-zone: "test." nodefault
remote-control:
    control-enable: no
stub-zone:
    name: "."
    stub-addr: 127.0.0.1@{}
    stub-no-cache: yes
stub-zone:
    name: "example.test"
    stub-addr: 127.0.0.1@{}
stub-zone:
    name: "broken.test"
    stub-addr: 127.0.0.1@{}
"#,
            authority.port, authority.port, authority.port
        );
        fs::write(at.join("unbound.conf"), configuration).unwrap();
        let child = Command::new("/usr/sbin/unbound")
            .args(["-d", "-p", "-c"])
            .arg(at.join("unbound.conf"))
            .stderr(log(at))
            .spawn()
            .expect("unbound cannot be started: install the Debian package unbound");
        Self {
            child,
            port,
            tls_port,
            _directory: directory,
        }
        .ready()
        .await
    }

    pub(crate) fn udp(&self) -> Resolver {
        resolver(&format!("udp://127.0.0.1:{}", self.port))
    }

    pub(crate) fn udp_v6(&self) -> Resolver {
        resolver(&format!("udp://[::1]:{}", self.port))
    }

    pub(crate) fn tcp(&self) -> Resolver {
        resolver(&format!("tcp://127.0.0.1:{}", self.port))
    }

    /// DNS over TLS, verified against this name.
    pub(crate) fn tls(&self, name: &str) -> Resolver {
        resolver(&format!("tls://{name}@127.0.0.1:{}", self.tls_port))
    }

    /// Asks until it answers.
    async fn ready(mut self) -> Self {
        let target = target("www.example.test", RecordType::A);
        let (dns, resolvers, start) = (client(), [self.udp()], Instant::now());
        loop {
            let probed = dns
                .probe(&target, &resolvers, Duration::from_millis(500))
                .await;
            if probed.verdict == Verdict::Pass {
                return self;
            }
            let has_ended = self.child.try_wait().unwrap();
            assert!(
                has_ended.is_none() && start.elapsed() < START,
                "the name server does not answer ({has_ended:?}, {:?}):\n{}",
                probed.verdict,
                self.told()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it logged.
    fn told(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = fs::File::open(self._directory.path().join("log")) {
            let _ = file.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log(directory: &Path) -> Stdio {
    Stdio::from(fs::File::create(directory.join("log")).unwrap())
}

/// The next port to try. Below the range that the kernel takes ports from, so that no client
/// socket of another test can take it before the server does.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that is free for both transports and both families, and is given away once.
fn free_port() -> u16 {
    // Two runs of the tests at the same time start at different places.
    let from = u16::try_from(std::process::id() % 100).unwrap_or(0) * 200;
    for _ in 0..2000 {
        let port = 11_000 + (from + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        let all = (
            UdpSocket::bind(("127.0.0.1", port)),
            TcpListener::bind(("127.0.0.1", port)),
            UdpSocket::bind(("::1", port)),
            TcpListener::bind(("::1", port)),
        );
        if let (Ok(_), Ok(_), Ok(_), Ok(_)) = all {
            return port;
        }
    }
    panic!("no port is free for both transports and both families");
}
