//! A real Prometheus scrapes over TLS, with a client certificate and a password.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::scene::{Folder, PASSWORD, TLS, curl, hash};
use crate::world::namespace::{need, until};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_prometheus_scrapes_with_a_certificate_and_a_password() {
    let folder = Folder::new();
    let daemon = folder.start(
        &format!(
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
             client_allowed_sans: [prometheus.example]\n\
             basic_auth_users:\n  prometheus: {}\n",
            hash(PASSWORD, 10)
        ),
        "",
    );
    folder.write("password", PASSWORD);
    let target = daemon.address;
    folder.write(
        "prometheus.yml",
        &format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n  \
             - job_name: bascule\n    scheme: https\n    static_configs: [{{targets: ['{target}']}}]\n    \
             basic_auth: {{username: prometheus, password_file: password}}\n    \
             tls_config: {{ca_file: ca.pem, cert_file: client.pem, key_file: client.key}}\n"
        ),
    );
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let log = fs::File::create(folder.path("log")).expect("a log");
    let _server = Server(
        Command::new(need("prometheus", "prometheus"))
            .arg(format!(
                "--config.file={}",
                folder.path("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts"),
    );
    let query = format!("http://{address}/api/v1/query");
    let asked = [
        "--data-urlencode",
        "query=bascule_network_state{state=\"up\"}",
    ];
    until(
        Duration::from_secs(60),
        "Prometheus has the metrics",
        || {
            let got = curl(&query, None, &asked);
            match got.text.contains("\"network\":\"a\"") {
                true => Ok(()),
                false => Err(got.text),
            }
        },
    );
}
