//! A real bind9 that is authoritative for the root and for every domain of the world.
//!
//! One zone a registered domain, one address set a host. A name that is in no zone does not exist,
//! and nothing is ever asked of anybody else, because the root itself is here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::namespace::{Namespace, Process, must, need, until};

/// The name server and its zones.
pub(super) struct Names {
    folder: PathBuf,
    server: IpAddr,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    broken: BTreeSet<String>,
    process: Process,
}

impl Names {
    /// Starts the server with these hosts.
    pub(super) fn start(
        namespace: &Namespace,
        folder: &Path,
        server: IpAddr,
        hosts: BTreeMap<String, Vec<IpAddr>>,
    ) -> Self {
        need("dig", "bind9-dnsutils");
        // A copy: where Debian confines named to its own folders, it does so by the program's path.
        let program = folder.join("named");
        fs::copy(need("named", "bind9"), &program).expect("named can be copied");
        write_files(folder, server, &hosts, &BTreeSet::new());
        let process = namespace.spawn(
            namespace
                .command(&program)
                .arg("-g")
                .arg("-c")
                .arg(folder.join("named.conf")),
            &folder.join("named.log"),
        );
        let mut this = Self {
            folder: folder.to_owned(),
            server,
            hosts,
            broken: BTreeSet::new(),
            process,
        };
        until(
            Duration::from_secs(20),
            "named answers for the root",
            || {
                if let Some(status) = this.process.ended() {
                    panic!("named ended: {status}\n{}", this.process.last_words());
                }
                let answer = this.dig(namespace, ".", "NS");
                match answer.as_str() {
                    "NOERROR" => Ok(()),
                    _ => Err(answer),
                }
            },
        );
        this
    }

    /// Sends it a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Asks the server; the answer is its response code.
    pub(super) fn dig(&self, namespace: &Namespace, name: &str, kind: &str) -> String {
        let output = namespace
            .command("dig")
            .args(["+time=1", "+tries=1", "+noall", "+comments"])
            .arg(format!("@{}", self.server))
            .args([name, kind])
            .output()
            .expect("dig starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.split("status: ")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .map_or_else(|| said.clone(), str::to_owned)
    }

    /// Makes every question about a domain, and what is below it, end in SERVFAIL, or mends that.
    pub(super) fn set_broken(&mut self, namespace: &Namespace, domain: &str, broken: bool) {
        let changed = if broken {
            self.broken.insert(domain.to_owned())
        } else {
            self.broken.remove(domain)
        };
        assert!(changed, "{domain} is that way already");
        write_files(&self.folder, self.server, &self.hosts, &self.broken);
        self.process.signal("HUP");
        let wanted = if broken { "SERVFAIL" } else { "NOERROR" };
        until(Duration::from_secs(20), wanted, || {
            match self.dig(namespace, domain, "SOA") {
                rcode if rcode == wanted => Ok(()),
                other => Err(format!("{domain}: {other}")),
            }
        });
    }
}

/// The registered domain of a host. Every suffix in the catalog is a single label.
pub(super) fn domain_of(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    dots.next();
    dots.next().map_or(host, |at| &host[at + 1..])
}

fn write_files(
    folder: &Path,
    server: IpAddr,
    hosts: &BTreeMap<String, Vec<IpAddr>>,
    broken: &BTreeSet<String>,
) {
    let head = |origin: &str| {
        let glue = match server {
            IpAddr::V4(v4) => format!("A {v4}"),
            IpAddr::V6(v6) => format!("AAAA {v6}"),
        };
        format!(
            "$ORIGIN {origin}\n$TTL 60\n\
             @ SOA ns hostmaster 1 3600 600 86400 60\n\
             @ NS ns\n\
             ns {glue}\n"
        )
    };
    let mut zones = BTreeMap::from([(".".to_owned(), head("."))]);
    for (host, addresses) in hosts {
        let domain = domain_of(host);
        let zone = zones
            .entry(domain.to_owned())
            .or_insert_with(|| head(&format!("{domain}.")));
        for address in addresses {
            let _ = match address {
                IpAddr::V4(v4) => writeln!(zone, "{host}. A {v4}"),
                IpAddr::V6(v6) => writeln!(zone, "{host}. AAAA {v6}"),
            };
        }
    }
    let folder_text = folder.display();
    let mut config = format!(
        "options {{\n\
         directory \"{folder_text}\";\n\
         pid-file \"{folder_text}/named.pid\";\n\
         session-keyfile \"{folder_text}/session.key\";\n\
         listen-on {{ any; }};\n\
         listen-on-v6 {{ any; }};\n\
         recursion yes;\n\
         allow-query {{ any; }};\n\
         dnssec-validation no;\n\
         minimal-responses yes;\n\
         }};\n\
         controls {{ }};\n"
    );
    for (zone, text) in &zones {
        let stem = if zone == "." { "root" } else { zone };
        // A zone that cannot be loaded is answered for with SERVFAIL.
        let file = if broken.contains(zone) {
            folder.join(format!("{stem}.missing"))
        } else {
            let file = folder.join(format!("{stem}.zone"));
            fs::write(&file, text).expect("a zone can be written");
            file
        };
        let _ = writeln!(
            config,
            "zone \"{zone}\" {{ type primary; file \"{}\"; }};",
            file.display()
        );
    }
    for domain in broken {
        assert!(zones.contains_key(domain), "there is no zone {domain}");
    }
    fs::write(folder.join("named.conf"), config).expect("named.conf can be written");
    // Debian's checker words a mistake better than a server that does not start.
    if let Some(checker) = find("/usr/bin/named-checkconf") {
        must(std::process::Command::new(checker).arg(folder.join("named.conf")));
    }
}

fn find(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    path.is_file().then_some(path)
}
