//! Every drop-in of docs/systemd.md, word for word: the service takes it, and it does what is said.

use std::path::Path;

use super::*;

/// What a drop-in needs on the machine, and what shows that it is in force.
struct Trial {
    /// A line of the drop-in, by which it is known.
    line: &'static str,
    before: &'static str,
    proof: &'static str,
}

/// In the order of the page.
const TRIALS: [Trial; 8] = [
    Trial {
        line: "LoadCredential=token:/etc/bascule/token",
        before: "umask 077 && mkdir -p /etc/ssl/private && echo secret >/etc/bascule/token \
                 && echo '{}' >/etc/bascule/web.yml && echo key >/etc/ssl/private/bascule.key",
        proof: "test $(cat /proc/$PID/root/run/credentials/bascule.service/token) = secret \
                && grep -qz CREDENTIALS_DIRECTORY=/run/credentials/bascule.service /proc/$PID/environ",
    },
    Trial {
        line: "SupplementaryGroups=ssl-cert",
        before: "groupadd --system ssl-cert",
        proof: "grep -w Groups: /proc/$PID/status | grep -qw $(getent group ssl-cert | cut -d: -f3)",
    },
    Trial {
        line: "Wants=network-online.target",
        before: "true",
        proof: "systemctl show -p After --value bascule.service | grep -qw network-online.target",
    },
    Trial {
        line: "NetworkNamespacePath=/run/netns/outside",
        before: "ip netns add outside && ip -n outside link set lo up",
        proof: "test $(stat -Lc %i /proc/$PID/ns/net) = $(stat -Lc %i /run/netns/outside)",
    },
    Trial {
        line: "MemoryMax=1G",
        before: "true",
        proof: "test $(systemctl show -p MemoryMax --value bascule.service) = 1073741824",
    },
    Trial {
        line: "StateDirectory=monitoring/bascule",
        before: "true",
        proof: "test -s /var/lib/private/monitoring/bascule/history.db",
    },
    Trial {
        line: "DynamicUser=no",
        before: "useradd --system bascule && install -d -o bascule -m 700 /srv/bascule",
        proof: "test -s /srv/bascule/history.db && test $(stat -c %U /proc/$PID) = bascule",
    },
    Trial {
        line: "Environment=SSL_CERT_FILE=/etc/bascule/roots.pem",
        before: "cp /etc/ssl/certs/ca-certificates.crt /etc/bascule/roots.pem \
                 && : >/etc/ssl/certs/ca-certificates.crt",
        proof: "curl -sS http://127.0.0.1:10110/status.txt | grep -qx 'crisis: x'",
    },
];

#[test]
fn each_drop_in_of_the_documentation_is_taken_word_for_word_and_does_what_it_says() {
    let scene = Scene::running(QUICK);
    let machine = &scene.machine;
    let texts = drop_ins("## Drop-ins");
    assert_eq!(
        texts.len(),
        TRIALS.len(),
        "a drop-in has no trial here: {texts:#?}"
    );
    for (text, trial) in texts.iter().zip(&TRIALS) {
        assert!(text.lines().any(|line| line == trial.line), "{text}");
        machine.run(trial.before);
        machine.write("/etc/systemd/system/bascule.service.d/override.conf", text);
        machine.run("systemctl daemon-reload && systemctl restart bascule.service");
        let proof = format!(
            "PID=$(systemctl show -p MainPID --value bascule.service); {}",
            trial.proof
        );
        machine.until(trial.line, || {
            let done = machine.attempt(&proof);
            (done.code == 0)
                .then_some(())
                .ok_or(done.stdout + &done.stderr)
        });
        assert_eq!(machine.restarts(), 0, "{}", trial.line);
    }
}

/// The blocks of `ini` in a section of docs/systemd.md.
fn drop_ins(heading: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/systemd.md");
    let page = std::fs::read_to_string(path).expect("docs/systemd.md can be read");
    let section = page
        .split(&format!("\n{heading}\n"))
        .nth(1)
        .expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```ini\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}
