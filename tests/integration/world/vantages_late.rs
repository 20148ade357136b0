//! What a vantage point could not send for a day is taken when it comes.

use super::alerting::PATIENCE;
use super::namespace::{need, until};
use super::vantages::receiving;
use super::*;

#[test]
fn a_sample_that_comes_a_day_late_is_taken_by_the_prometheus_that_agents_write_to() {
    let folder = tempfile::Builder::new()
        .prefix("late-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder can be made");
    let folder = folder.path();
    let namespace = Rc::new(Namespace::bare(NAMESERVER));
    alerting_servers::write_rules(folder);
    let prometheus = receiving(&namespace, folder);
    let mut command = namespace.command(need("vmagent", "victoria-metrics"));
    command
        .arg("-remoteWrite.url=http://127.0.0.1:9092/api/v1/write")
        .arg(format!(
            "-remoteWrite.tmpDataPath={}",
            folder.join("queue").display()
        ))
        .arg("-httpListenAddr=127.0.0.1:8429");
    let _vmagent = namespace.spawn(&mut command, &folder.join("vmagent.log"));
    let now = prometheus.number("vector(time())") as u64;
    let day = 86_400;
    for (time, series) in [(now, "on_time"), (now - day, "late")] {
        let sample = format!("{series} 1 {time}000");
        until(PATIENCE, series, || {
            let output = namespace
                .command("curl")
                .args(["--silent", "--show-error", "--fail", "--max-time", "5"])
                .args(["--data", &sample])
                .arg("http://127.0.0.1:8429/api/v1/import/prometheus")
                .output()
                .expect("curl starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            output.status.success().then_some(()).ok_or(said)
        });
        let promql = format!("last_over_time({series}[25h])");
        until(PATIENCE, &promql, || {
            match prometheus.query(&promql).len() {
                1 => Ok(()),
                other => Err(format!("{other}")),
            }
        });
    }
}
