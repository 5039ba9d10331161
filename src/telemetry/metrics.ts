/** All metrics; `/metrics` and its documentation are generated from this list. */
export const METRICS = {
  tankd_info: {
    type: "gauge",
    help: "1, with the node's version, id and cluster",
    labels: ["version", "node_id", "cluster"],
  },
  tankd_role: { type: "gauge", help: "1 for the node's present role", labels: ["role"] },
  tankd_term: { type: "gauge", help: "Counter of the present term", labels: [] },
  tankd_servers: { type: "gauge", help: "Servers known, by status", labels: ["status"] },
  tankd_role_changes_total: {
    type: "counter",
    help: "Role changes since the start",
    labels: ["role"],
  },
  tankd_tanks: { type: "gauge", help: "Tanks hosted here, by status", labels: ["status"] },
  tankd_fish: { type: "gauge", help: "Fish alive in the tanks hosted here", labels: [] },
  tankd_tank_ticks_per_second: {
    type: "gauge",
    help: "Achieved ticks per second, summed over the tanks",
    labels: [],
  },
  tankd_tank_lag_ticks_max: {
    type: "gauge",
    help: "Ticks behind schedule of the slowest tank",
    labels: [],
  },
  tankd_scheduled_ticks_total: {
    type: "counter",
    help: "Scheduled ticks, by the maximum of ticks that they were late",
    labels: ["behind"],
  },
  tankd_skipped_ticks_total: {
    type: "counter",
    help: "Scheduled ticks that were skipped, because their tank was too far behind",
    labels: [],
  },
  tankd_commands_total: {
    type: "counter",
    help: "Commands by kind and outcome",
    labels: ["kind", "outcome"],
  },
  tankd_commits_total: {
    type: "counter",
    help: "Journal commits, by outcome",
    labels: ["outcome"],
  },
  tankd_commit_seconds: { type: "histogram", help: "Duration of a journal commit", labels: [] },
  tankd_snapshots_total: { type: "counter", help: "Snapshots written", labels: [] },
  tankd_snapshot_bytes_total: { type: "counter", help: "Bytes of snapshots written", labels: [] },
  tankd_snapshot_capture_seconds_total: {
    type: "counter",
    help:
      "Time that simulation threads spent on capturing states for snapshots, during which " +
      "they run no ticks",
    labels: [],
  },
  tankd_snapshot_write_seconds_total: {
    type: "counter",
    help: "Time until snapshots were durable, in total; mostly waiting for the disk",
    labels: [],
  },
  tankd_moves_total: {
    type: "counter",
    help: "Moves of whole tanks that have ended, by direction and outcome",
    labels: ["direction", "outcome"],
  },
  tankd_transfers_total: {
    type: "counter",
    help: "Transfers settled, by direction and state",
    labels: ["direction", "state"],
  },
  tankd_strangers_turned_away_total: {
    type: "counter",
    help: "Transfers of nodes that are not of the cluster beyond their budget, by what is used up",
    labels: ["budget"],
  },
  tankd_escrow: { type: "gauge", help: "Entities in escrow", labels: [] },
  tankd_audits_total: {
    type: "counter",
    help: "Audits of this node's own tanks and pairs, by outcome",
    labels: ["outcome"],
  },
  tankd_audit_findings: {
    type: "gauge",
    help: "Fish that the last of them found to be missing or double",
    labels: ["kind"],
  },
  tankd_audit_whole_timestamp_seconds: {
    type: "gauge",
    help: "Unix time of the last of them that was complete",
    labels: [],
  },
  tankd_peer_requests_total: {
    type: "counter",
    help: "Requests sent to other nodes, by outcome",
    labels: ["outcome"],
  },
  tankd_passed_on_requests_total: {
    type: "counter",
    help: "Requests for other nodes that came to this one, by outcome",
    labels: ["outcome"],
  },
  tankd_http_requests_total: {
    type: "counter",
    help: "HTTP requests answered, by method and status",
    labels: ["method", "status"],
  },
  tankd_connections_ended_total: {
    type: "counter",
    help: "Connections that were ended to keep descriptors free or shares equal, by reason",
    labels: ["reason"],
  },
  tankd_viewers: { type: "gauge", help: "WebSocket viewers connected", labels: [] },
} as const satisfies Record<
  string,
  { type: "gauge" | "counter" | "histogram"; help: string; labels: readonly string[] }
>;

export type MetricName = keyof typeof METRICS;
export type MetricLabels = Readonly<Record<string, string>>;

/** Records metrics. Unknown labels are a programming error. */
export interface Metrics {
  /** Adds to a counter. */
  count(name: MetricName, labels?: MetricLabels, amount?: number): void;
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: MetricLabels): void;
  /** Adds a measurement in the unit of the metric's name to a histogram. */
  observe(name: MetricName, value: number): void;
}

/** Records nothing: for tests and sealed runs. */
export const noMetrics: Metrics = { count() {}, set() {}, observe() {} };
