//! Every kind of endpoint, over both families, from within the hardened service, and secrets that
//! systemd hands over.

use super::*;

/// A server that wants a password, of what Debian has without Python: systemd and a shell.
const LOCKED: [(&str, &str); 3] = [
    (
        "/etc/systemd/system/locked.socket",
        "[Socket]\nListenStream=127.0.0.1:8401\nAccept=yes\n",
    ),
    (
        "/etc/systemd/system/locked@.service",
        "[Service]\nExecStart=/bin/sh /etc/locked\nStandardInput=socket\nCollectMode=inactive-or-failed\n",
    ),
    (
        // `prober` and `opensesame`.
        "/etc/locked",
        r#"code='401 Unauthorized'
while read -r name value; do
    [ "$name" != "$(printf '\r')" ] || break
    case "$name $value" in
    [Aa]uthorization:*cHJvYmVyOm9wZW5zZXNhbWU=*) code='200 OK' ;;
    esac
done
printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$code"
"#,
    ),
];

fn config(world: &World) -> String {
    let [v4, v6] = [false, true].map(|six| {
        let mut addresses = world.addresses("bsky.app").iter();
        *addresses
            .find(|it| it.is_ipv6() == six)
            .expect("it has both")
    });
    format!(
        r#"vantage = "machine"
[uplink]
enabled = false
[probe]
interval = "1s"

[network.kinds]
[[network.kinds.dns]]
name = "dns-a"
query = "bsky.app"
type = "A"
resolvers = ["system", "udp://11.0.0.53", "tcp://11.0.0.53"]
[[network.kinds.dns]]
name = "dns-aaaa"
query = "bsky.app"
type = "AAAA"
[[network.kinds.tcp]]
name = "tcp-ipv4"
address = "{v4}:443"
[[network.kinds.tcp]]
name = "tcp-ipv6"
address = "[{v6}]:443"
[[network.kinds.tls]]
name = "tls"
host = "bsky.app"
expect.alpn = "h2"
[[network.kinds.http]]
name = "http"
url = "https://bsky.app/"

[network.locked]
[[network.locked.http]]
name = "web"
url = "http://127.0.0.1:8401/"
basic_auth = {{ username = "prober", password_file = "${{CREDENTIALS_DIRECTORY}}/locked" }}
"#
    )
}

#[test]
fn every_kind_of_probe_works_within_the_hardening_and_reads_its_password_from_a_credential() {
    let scene = Scene::installed();
    let machine = &scene.machine;
    for (path, text) in LOCKED {
        machine.write(path, text);
    }
    machine.write("/etc/bascule/locked.password", "opensesame\n");
    machine.run("chmod 600 /etc/bascule/locked.password");
    machine.write(
        "/etc/systemd/system/bascule.service.d/override.conf",
        "[Service]\nLoadCredential=locked:/etc/bascule/locked.password\n",
    );
    machine.write("/etc/bascule/config.toml", config(&scene.world));
    machine.run("systemctl daemon-reload && systemctl start locked.socket");
    machine.run("systemctl restart bascule.service");
    machine.is_judging();

    let metrics = machine.metrics();
    for (network, endpoint) in [
        ("kinds", "dns-a"),
        ("kinds", "dns-aaaa"),
        ("kinds", "tcp-ipv4"),
        ("kinds", "tcp-ipv6"),
        ("kinds", "tls"),
        ("kinds", "http"),
        ("locked", "web"),
    ] {
        let series = format!(
            "bascule_endpoint_state{{endpoint=\"{endpoint}\",network=\"{network}\",state=\"up\"}}"
        );
        assert_eq!(
            value(&metrics, &series),
            Some(1.0),
            "{series}\n{}",
            trouble(machine)
        );
    }
    let succeeded = |endpoint: &str, layer: &str, family: &str| {
        let series = format!(
            "bascule_probes_total{{endpoint=\"{endpoint}\",family=\"{family}\",layer=\"{layer}\",\
             network=\"kinds\",result=\"success\"}}"
        );
        let count = value(&metrics, &series).unwrap_or_else(|| panic!("no {series}"));
        assert!(count >= 1.0, "{series} is {count}");
    };
    for family in ["ipv4", "ipv6"] {
        succeeded(&format!("tcp-{family}"), "tcp", family);
        succeeded("tls", "tls", family);
        succeeded("http", "http", family);
    }
    for resolver in ["system", "udp://11.0.0.53", "tcp://11.0.0.53"] {
        let series = format!(
            "bascule_dns_queries_total{{endpoint=\"dns-a\",network=\"kinds\",resolver=\"{resolver}\",result=\"success\"}}"
        );
        let count = value(&metrics, &series).unwrap_or_else(|| panic!("no {series}"));
        assert!(count >= 1.0, "{series} is {count}");
    }
    the_password_is_nowhere_else(machine);
}

/// The endpoints that are not up, with what they say.
fn trouble(machine: &Machine) -> String {
    machine
        .attempt("bascule status; journalctl -u bascule -o cat | tail -n 20")
        .stdout
}

fn the_password_is_nowhere_else(machine: &Machine) {
    let pid = machine.pid();
    let seen = machine.ask(&format!(
        "tr '\\0' '\\n' </proc/{pid}/environ; bascule config --config /etc/bascule/config.toml; \
         journalctl --no-pager --output=export --unit=bascule.service; \
         curl -sS http://127.0.0.1:10110/api/v1/endpoints/locked/web; grep -ra opensesame /var/lib/private/bascule || true"
    ));
    assert!(!seen.contains("opensesame"), "{seen}");
    assert!(!seen.contains("cHJvYmVyOm9wZW5zZXNhbWU"), "{seen}");
    // Without the right one it is told what the server says.
    machine.write("/etc/bascule/locked.password", "wrong\n");
    machine.run("systemctl restart bascule.service");
    let told = machine.told("locked is down");
    assert_eq!(told["BASCULE_REASON"], "http_status");
}
