// PromQL: selectors that carry the variables, and the expressions more than one dashboard needs.

const SELECTED = 'job=~"$job",instance=~"$instance"';

/** The series of a metric at the chosen vantages. */
export function series(metric: string, ...matchers: string[]): string {
  return `${metric}{${[SELECTED, ...matchers].join(",")}}`;
}

export const NETWORK = 'network=~"$network"';
export const GROUP = 'group=~"$group"';
export const ENDPOINT = 'endpoint=~"$endpoint"';

/** What a vantage counts as an opinion: unknown and maintenance are none. */
const JUDGING = 'state=~"up|degraded|down"';

/** The worst of the window if there is one, so that no cell loses what happened between two samples. */
const worst = (selector: string, window?: string) => (window ? `max_over_time(${selector}[${window}])` : selector);

/** The share of the judging vantages that say down, one series a network (or endpoint). */
export function shareDown(metric: string, by: string, matchers: string[], window?: string): string {
  const down = worst(series(metric, ...matchers, 'state="down"'), window);
  const judging = worst(series(metric, ...matchers, JUDGING), window);
  return `avg by (${by}, state) (${down} and on (job, instance, ${by}) ${judging} == 1)`;
}

/**
 * The state as a code of `STATES`, agreed by the vantages: down if at least $share of those that judge say so, and
 * degraded while fewer do. A blind vantage greys nothing that another one sees.
 */
export function agreedState(metric: string, by: string, matchers: string[], window?: string): string {
  const any = (state: string) => `max by (${by}, state) (${worst(series(metric, ...matchers, state), window)}) > 0`;
  return [
    `max by (${by}) (`,
    `  5 * ((${shareDown(metric, by, matchers, window)} >= bool $share) > 0)`,
    `  or 4 * (${any('state=~"degraded|down"')})`,
    `  or 3 * (${any('state="maintenance"')})`,
    `  or 2 * (${any('state="up"')})`,
    `  or 1 * (${any('state="unknown"')})`,
    ")",
  ].join("\n");
}

/** The state as a code of `STATES`, as each vantage sees it. */
export function stateByVantage(matchers: string[], window?: string): string {
  const state = (name: string) => worst(series("bascule_network_state", ...matchers, `state="${name}"`), window);
  const codes = ["unknown", "up", "maintenance", "degraded", "down"];
  const terms = codes.map((name, i) => `${i + 1} * (max by (instance, network, state) (${state(name)}) > 0)`);
  return `max by (instance, network) (\n  ${terms.join("\n  or ")}\n)`;
}

/** The weight that can still fail, at the vantage with the least of those that judge: a blind one has none to tell. */
export function spareWeight(...matchers: string[]): string {
  const judging = series("bascule_network_state", ...matchers, JUDGING);
  const spare = series("bascule_network_spare_weight", ...matchers);
  return `min by (network) (${spare} and on (job, instance, network) ${judging} == 1)`;
}

/** How long each state that some vantage says has held, in seconds, at the vantage that has held it longest. */
export function heldFor(): string {
  const changed = series("bascule_network_last_transition_timestamp_seconds");
  const state = series("bascule_network_state");
  const since = `(${changed} > 0) * on (job, instance, network) group_right () (${state} == 1)`;
  return `round(time() - min by (network, state) (${since}))`;
}

/** The series of a group at the vantages that are not frozen there, or at all of them if all are. */
export function unfrozen(aggregate: string, selector: string, window?: string): string {
  const frozen = series("bascule_group_frozen", GROUP);
  const values = worst(selector, window);
  return `${aggregate} (${values} unless on (job, instance, group) ${frozen} == 1)\nor ${aggregate} (${values})`;
}

/** The active channel of each group: the choice of most vantages. A frozen one counts only if all are. */
export function activeChannel(): string {
  const active = series("bascule_group_active", GROUP);
  const frozen = series("bascule_group_frozen", GROUP);
  const votes = `sum by (group, network) (${active} * on (job, instance, group) group_left () (1 - 0.999 * ${frozen}))`;
  return `topk by (group) (1, ${votes})`;
}

/** The time that our own connection was down counts only where it is watched. */
const ownDown = (...matchers: string[]) => series("bascule_uplink_state_seconds_total", ...matchers, 'state="down"');

/**
 * Our own connection as a value of `UPLINK_MAP`, the worst first, and the worst of the window if there is one. What is
 * not up is not proven only if its time of being down grows: with `[uplink] enabled = false`, without a route of that
 * family and before the first answer it is not watched, and nothing is blind.
 */
export function ownConnection(by: string, matchers: string[], window?: string): string {
  const selector = series("bascule_uplink_up", ...matchers);
  const up = window ? `min_over_time(${selector}[${window}])` : selector;
  return [
    `min by (${by}) (`,
    `  (${up} == 0 and on (job, instance, family) increase(${ownDown(...matchers)}[$__rate_interval]) > 0)`,
    `  or 0.5 + (${up} == 0)`,
    `  or ${up} == 1`,
    ")",
  ].join("\n");
}

/** The share of the watched time in which each vantage was blind. */
export function blindShare(): string {
  const spent = (states: string) =>
    `sum by (instance) (rate(${series("bascule_uplink_state_seconds_total", 'family="any"', states)}[$__rate_interval]))`;
  return `${spent('state="down"')}\n/ (${spent('state=~"up|down"')} > 0)`;
}

/** Success among the attempts that have a result; nothing where there are none. */
export function successShare(metric: string, by: string, ...matchers: string[]): string {
  const sum = (result: string) => `sum by (${by}) (rate(${series(metric, ...matchers, result)}[$__rate_interval]))`;
  return `${sum('result="success"')}\n/ (${sum('result=~"success|failure"')} > 0)`;
}

/** The same, of the layer that fails most: a layer is not attempted where one below it failed. */
export function worstLayer(metric: string, by: string, ...matchers: string[]): string {
  return `min by (${by}) (\n${successShare(metric, `${by}, layer`, ...matchers)}\n)`;
}

export function quantile(q: number, metric: string, by: string, ...matchers: string[]): string {
  const buckets = series(`${metric}_bucket`, ...matchers);
  return `histogram_quantile(${q}, sum by (${[by, "le"].filter(Boolean).join(", ")}) (rate(${buckets}[$__rate_interval])))`;
}

/** An event is counted once by each vantage: summed over labels within one, the largest of all. */
export function events(metric: string, by: string, window: string, ...matchers: string[]): string {
  return `max by (${by}) (sum by (${by}, job, instance) (increase(${series(metric, ...matchers)}[${window}])))`;
}
