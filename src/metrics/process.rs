//! The usual `process_*` metrics, read from `/proc/self` at each scrape.
//!
//! The feature of the prometheus crate that does this counts processor time in whole seconds
//! and costs more to build than the rest of the crate; these are the same names with the
//! kernel's resolution.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, Opts, Registry};

/// The kernel's unit of processor time towards user space is fixed at 1/100 s.
const TICKS_PER_SECOND: f64 = 100.0;
/// What `statm` and `stat` count memory in on every platform that the packages are built for.
const PAGE_BYTES: f64 = 4096.0;

pub(super) fn register(registry: &Registry) -> prometheus::Result<()> {
    registry.register(Box::new(Process::new()?))
}

struct Process {
    cpu: Counter,
    resident: Gauge,
    virtual_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    start_time: Gauge,
    threads: Gauge,
}

impl Process {
    fn new() -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| Gauge::with_opts(Opts::new(name, help));
        Ok(Self {
            cpu: Counter::with_opts(Opts::new(
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds",
            ))?,
            resident: gauge(
                "process_resident_memory_bytes",
                "Resident memory size in bytes",
            )?,
            virtual_memory: gauge(
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes",
            )?,
            open_fds: gauge("process_open_fds", "Number of open file descriptors")?,
            max_fds: gauge("process_max_fds", "Maximum number of open file descriptors")?,
            start_time: gauge(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds",
            )?,
            threads: gauge("process_threads", "Number of OS threads in the process")?,
        })
    }

    /// What cannot be read keeps its last value.
    fn read(&self) {
        if let Some(fields) = stat_fields() {
            let number = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok());
            // Counted from the third field of proc(5), the state.
            if let (Some(user), Some(system)) = (number(11), number(12)) {
                let total = (user + system) / TICKS_PER_SECOND;
                self.cpu.inc_by((total - self.cpu.get()).max(0.0));
            }
            if let Some(threads) = number(17) {
                self.threads.set(threads);
            }
            if let (Some(start), Some(boot)) = (number(19), boot_time()) {
                self.start_time.set(boot + start / TICKS_PER_SECOND);
            }
            if let (Some(bytes), Some(pages)) = (number(20), number(21)) {
                self.virtual_memory.set(bytes);
                self.resident.set(pages * PAGE_BYTES);
            }
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // The directory that is being read is open too.
            let open = u32::try_from(entries.count()).unwrap_or(u32::MAX);
            self.open_fds.set(f64::from(open.saturating_sub(1)));
        }
        if let Some(limit) = max_fds() {
            self.max_fds.set(limit);
        }
    }

    fn parts(&self) -> [&dyn Collector; 7] {
        [
            &self.cpu,
            &self.resident,
            &self.virtual_memory,
            &self.open_fds,
            &self.max_fds,
            &self.start_time,
            &self.threads,
        ]
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        self.parts()
            .into_iter()
            .flat_map(Collector::collect)
            .collect()
    }
}

/// The fields of `/proc/self/stat` after the command, which may hold spaces and brackets.
fn stat_fields() -> Option<Vec<String>> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()
}

fn max_fds() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
