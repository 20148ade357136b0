// Can I trust the other dashboards?
import { assemble } from "../board";
import { GREEN, GREY, RED, VERDICTS, YELLOW, values } from "../look";
import { bars, fixedWindow, lines, now, over, rows, stat } from "../panel";
import { series } from "../query";

const LAG = "bascule_scheduler_lag_seconds_bucket";
const lag = (q: number) => `histogram_quantile(${q}, sum by (instance, le) (rate(${series(LAG)}[$__rate_interval])))`;
// What is younger than the window has not had the time to gain its seconds.
const clock = `min by (instance) (
  sum by (job, instance, network) (rate(${series("bascule_network_state_seconds_total")}[15m]))
  and on (job, instance, network) ${series("bascule_network_flapping")} offset 15m
)`;
const CLOCK = "the window has to be longer than the time an endpoint can be in doubt";
const growth = (metric: string, by: string) => `sum by (${by}) (increase(${series(metric)}[$__rate_interval]))`;
const QUIET = [
  { from: null, color: GREEN },
  { from: 0.5, color: RED },
];
const count = (metric: string) => `round(sum by (instance) (increase(${series(metric)}[1d])))`;
const DAY = "what happened in the last day, however short the range";

export const board = () =>
  assemble({
    uid: "bascule-self",
    title: "Bascule / Prober health",
    description: "Whether bascule itself is well, so that the other dashboards can be trusted.",
    from: "now-6h",
    variables: [],
    top: [
      stat({
        id: 1,
        title: "Clock of the counters",
        description:
          "Seconds that the counters of state time gain in a second: 1 while bascule works, for the slowest network. Below 0.8 " +
          "bascule is stuck and nothing else here can be trusted: restart it and keep its log.",
        w: 5,
        h: 5,
        queries: [fixedWindow(now(clock, "{{instance}}"), CLOCK)],
        unit: "none",
        decimals: 2,
        steps: [
          { from: null, color: RED },
          { from: 0.8, color: GREEN },
        ],
        noValue: "known after 15 min",
      }),
      stat({
        id: 2,
        title: "Configuration",
        description: "Refused: the last reload failed and the one before is still in use; the log names the line.",
        w: 5,
        h: 5,
        queries: [now(`min by (instance) (${series("bascule_config_last_reload_successful")})`, "{{instance}}")],
        mappings: [values({ "0": { text: "refused", color: RED }, "1": { text: "in use", color: GREEN } })],
        noValue: "nobody reports",
      }),
      stat({
        id: 3,
        title: "Memory not written, 24 h",
        description:
          "Times the memory could not be written. A restart would lose what happened since: look for a full or read-only disk.",
        w: 5,
        h: 5,
        queries: [fixedWindow(now(count("bascule_state_persist_failures_total"), "{{instance}}"), DAY)],
        unit: "none",
        decimals: 0,
        steps: QUIET,
        noValue: "nobody reports",
      }),
      stat({
        id: 4,
        title: "Rounds lost to a bug, 24 h",
        description: "Rounds that ended in a panic. Anything but 0 is worth a report with the log.",
        w: 4,
        h: 5,
        queries: [fixedWindow(now(count("bascule_round_panics_total"), "{{instance}}"), DAY)],
        unit: "none",
        decimals: 0,
        steps: QUIET,
        noValue: "nobody reports",
      }),
      stat({
        id: 5,
        title: "Version",
        description: "Which bascule runs at each vantage. Different versions judge alike only by chance: update the older one.",
        w: 5,
        h: 5,
        text: "both",
        queries: [rows("info", `max by (instance, version) (${series("bascule_build_info")})`)],
        label: "version",
        unit: "none",
        plain: true,
        steps: [{ from: null, color: GREY }],
        noValue: "nobody reports",
      }),
      lines({
        id: 6,
        title: "How late rounds start (p99)",
        description: "One round in a hundred starts later. Seconds here: the machine is too busy, and times of answers are too long.",
        w: 12,
        h: 8,
        queries: [over(lag(0.99), "{{instance}}")],
        unit: "s",
        noValue: "no rounds",
      }),
      bars({
        id: 7,
        title: "Rounds not run, by reason",
        description:
          "Overlap: the round before still ran. Late: missed by a whole interval, the machine is too busy. Backoff: the " +
          "network asked us to slow down, which is fine.",
        w: 12,
        h: 8,
        queries: [over(`${growth("bascule_scheduler_skipped_rounds_total", "instance, reason")} > 0`, "{{instance}} {{reason}}")],
        unit: "none",
        decimals: 0,
        trouble: true,
        overrides: [{ regexp: "/ backoff$/", properties: { color: { mode: "fixed", fixedColor: GREY } } }],
        noValue: "none",
      }),
      lines({
        id: 8,
        title: "Rounds a second, by verdict",
        description: "The work of bascule. A flat line that drops to 0 is a prober that stands still; all inconclusive is our own line.",
        w: 12,
        h: 8,
        stack: true,
        queries: [over(`sum by (verdict) (rate(${series("bascule_rounds_total")}[$__rate_interval]))`, "{{verdict}}")],
        unit: "none",
        colors: VERDICTS,
        noValue: "no rounds",
      }),
      lines({
        id: 9,
        title: "Rounds in flight",
        description: "Rounds that run now. A number that stays at probe.max_in_flight means that rounds wait for each other.",
        w: 12,
        h: 8,
        queries: [over(`max by (instance) (${series("bascule_rounds_in_flight")})`, "{{instance}}")],
        unit: "none",
        decimals: 0,
        noValue: "nobody reports",
      }),
      lines({
        id: 10,
        title: "Events that wait, by webhook",
        description:
          "What the receiver of a webhook has not taken yet. More than 0 for minutes: what it shows, a banner say, may be old. " +
          "The log says what it answered; mend it and reload bascule, which tries at once.",
        w: 12,
        h: 8,
        queries: [over(`max by (instance, webhook) (${series("bascule_webhook_pending")})`, "{{instance}} {{webhook}}")],
        unit: "none",
        decimals: 0,
        noValue: "no webhook",
      }),
      bars({
        id: 11,
        title: "Attempts to tell a webhook, by result",
        description:
          "Success: the receiver has taken an event. Failure: it has not, and is asked again. Given up: events, not attempts, that " +
          "it will never get; the newest is always kept.",
        w: 12,
        h: 8,
        queries: [
          over(`${growth("bascule_webhook_deliveries_total", "instance, webhook, result")} > 0`, "{{instance}} {{webhook}} {{result}}"),
        ],
        unit: "none",
        decimals: 0,
        overrides: [
          { regexp: "/ success$/", properties: { color: { mode: "fixed", fixedColor: GREEN } } },
          { regexp: "/ failure$/", properties: { color: { mode: "fixed", fixedColor: YELLOW } } },
          { regexp: "/ given_up$/", properties: { color: { mode: "fixed", fixedColor: RED } } },
        ],
        noValue: "none",
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Process",
        panels: [
          lines({
            id: 101,
            title: "Processor",
            description: "Share of one core. Rounds mostly wait: more than a few percent for a hundred endpoints is unusual.",
            w: 8,
            h: 8,
            queries: [over(`sum by (instance) (rate(${series("process_cpu_seconds_total")}[$__rate_interval]))`, "{{instance}}")],
            unit: "percentunit",
            noValue: "nobody reports",
          }),
          lines({
            id: 102,
            title: "Memory",
            description: "Resident memory. It is bounded by the configuration: a line that grows for days is worth a report.",
            w: 8,
            h: 8,
            queries: [over(`max by (instance) (${series("process_resident_memory_bytes")})`, "{{instance}}")],
            unit: "bytes",
            noValue: "nobody reports",
          }),
          lines({
            id: 103,
            title: "File descriptors in use",
            description: "Share of the limit. Near 1 rounds end as local_resources: raise the limit or lower probe.max_in_flight.",
            w: 8,
            h: 8,
            max: 1,
            queries: [
              over(
                `max by (instance) (${series("process_open_fds")}) / max by (instance) (${series("process_max_fds")})`,
                "{{instance}}",
              ),
            ],
            unit: "percentunit",
            noValue: "nobody reports",
          }),
          stat({
            id: 104,
            title: "Running for",
            description: "Time since bascule started. Shorter than you think: it was restarted, by whom?",
            w: 8,
            h: 6,
            plain: true,
            text: "both",
            queries: [now(`round(time() - max by (instance) (${series("process_start_time_seconds")}))`, "{{instance}}")],
            unit: "dtdurations",
            decimals: 0,
            noValue: "nobody reports",
          }),
          stat({
            id: 105,
            title: "Configuration read",
            description: "Time since the configuration was last read successfully.",
            w: 8,
            h: 6,
            plain: true,
            text: "both",
            queries: [
              now(`round(time() - max by (instance) (${series("bascule_config_last_reload_success_timestamp_seconds")}))`, "{{instance}}"),
            ],
            unit: "dtdurations",
            decimals: 0,
            noValue: "nobody reports",
          }),
          lines({
            id: 106,
            title: "Threads",
            description: "Threads of the process. A small constant number.",
            w: 8,
            h: 6,
            queries: [over(`max by (instance) (${series("process_threads")})`, "{{instance}}")],
            unit: "none",
            decimals: 0,
            noValue: "nobody reports",
          }),
        ],
      },
      {
        id: 200,
        title: "Listener and scrapes",
        panels: [
          lines({
            id: 201,
            title: "Web requests by route and class",
            description: "Requests to bascule's own listener. 4xx and 5xx: somebody asks for what is not there, or is turned away.",
            w: 12,
            h: 8,
            queries: [over(`sum by (route, code) (rate(${series("bascule_web_requests_total")}[$__rate_interval])) > 0`, "{{route}} {{code}}")],
            unit: "reqps",
            overrides: [
              { regexp: "/ 4xx$/", properties: { color: { mode: "fixed", fixedColor: YELLOW } } },
              { regexp: "/ 5xx$/", properties: { color: { mode: "fixed", fixedColor: RED } } },
            ],
            noValue: "no requests",
          }),
          lines({
            id: 202,
            title: "Time of a scrape",
            description: "How long Prometheus took to read /metrics. Near the scrape timeout, scrapes get lost.",
            w: 12,
            h: 8,
            queries: [over(`max by (instance) (${series("scrape_duration_seconds")})`, "{{instance}}")],
            unit: "s",
            noValue: "no scrape is recorded",
          }),
          lines({
            id: 203,
            title: "Series of a scrape",
            description: "Samples read. The configuration alone decides: a step is a reload, a slow rise is a bug worth a report.",
            w: 12,
            h: 8,
            queries: [over(`max by (instance) (${series("scrape_samples_scraped")})`, "{{instance}}")],
            unit: "short",
            noValue: "no scrape is recorded",
          }),
          lines({
            id: 204,
            title: "Scrapes that worked",
            description: "Share of scrapes that could read the prober, of those in each interval.",
            w: 12,
            h: 8,
            max: 1,
            queries: [over(`avg by (instance) (avg_over_time(${series("up")}[$__rate_interval]))`, "{{instance}}")],
            unit: "percentunit",
            noValue: "no scrape is recorded",
          }),
        ],
      },
    ],
  });
