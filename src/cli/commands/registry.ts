import type { CommandEntry } from "../command.ts";

/** Every command of the program, in the order of help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "start",
    describe: "start a node on this machine",
    local: "machine",
    examples: [
      ["tankd start", "in this terminal; Ctrl-C stops it"],
      ["tankd start -d --name reef", "in the background, with a name for people"],
      ["tankd start --hub 192.168.1.10", "with a hub that is not found by itself"],
    ],
    load: async () => (await import("./start/start.ts")).defineStart,
  },
  {
    name: "stop",
    describe: "stop the running node and wait for its last snapshot",
    local: "node",
    examples: [["tankd stop", "the node of this machine"]],
    load: async () => (await import("./stop.ts")).defineStop,
  },
  {
    name: "status",
    describe: "show this node: role, hub, tanks, discovery",
    examples: [
      ["tankd status", "the node of this machine"],
      ["tankd status --url http://192.168.1.10:8000", "another one"],
    ],
    load: async () => (await import("./status.ts")).defineStatus,
  },
  {
    name: "peers",
    describe: "list the servers of the cluster",
    examples: [
      ["tankd peers", "all of them"],
      ["tankd peers --status online --tag lab", "those that answer and have this tag"],
    ],
    load: async () => (await import("./peers.ts")).definePeers,
  },
  {
    name: "join",
    describe: "make the running node use a hub, now and after restarts",
    examples: [["tankd join http://192.168.1.10:8000", "the hub's address"]],
    load: async () => (await import("./join.ts")).defineJoin,
  },
  {
    name: "leave",
    describe: "take the running node out of its cluster; its tanks keep running",
    examples: [["tankd leave", "until tankd join, or a restart"]],
    load: async () => (await import("./leave.ts")).defineLeave,
  },
  {
    name: "drain",
    describe: "move every tank of the running node to others, before an upgrade or a leave",
    examples: [
      ["tankd drain", "each to the least loaded server that fits"],
      ["tankd drain --to hub-1", "all to one"],
      ["tankd drain --cancel", "end it; tanks may come again"],
    ],
    load: async () => (await import("./drain.ts")).defineDrain,
  },
  {
    name: "register",
    describe: "register this node, or another server, with a hub by hand",
    examples: [
      ["tankd register http://192.168.1.10:8000", "this node"],
      ["tankd register --record server.json", "another server, with this node's own hub"],
    ],
    load: async () => (await import("./register.ts")).defineRegister,
  },
  {
    name: "tank",
    describe: "create, inspect, control and remove tanks",
    examples: [],
    load: async () => (await import("./tank/tank.ts")).defineTank,
  },
  {
    name: "alias",
    describe: "define a local alias for a tank of any node; without arguments list aliases",
    examples: [
      ["tankd alias", "list them"],
      ["tankd alias far hub-1::reef", "the tank reef of the server hub-1 is now far"],
    ],
    load: async () => (await import("./alias.ts")).defineAlias,
  },
  {
    name: "connect",
    describe: "let fish of one tank migrate to another",
    examples: [
      ["tankd connect reef lagoon", "at each draw a fish with a chance of 25 %"],
      ["tankd connect reef hub-1::reef --probability 100", "at every draw, to another server"],
      ["tankd connect reef lagoon --select best:speed --count 2 --rate 10/min", "the fastest"],
      ["tankd connect reef lagoon pond --strategy round-robin", "to several tanks in turn"],
      ["tankd connect --topology ring reef lagoon pond", "each to the next"],
    ],
    load: async () => (await import("./connect.ts")).defineConnect,
  },
  {
    name: "disconnect",
    describe: "remove a connection; fish in transit still arrive",
    examples: [
      ["tankd disconnect reef lagoon", "the one between these tanks"],
      ["tankd disconnect reef --all", "every one from this tank"],
      ["tankd disconnect --topology ring", "those of a topology"],
    ],
    load: async () => (await import("./disconnect.ts")).defineDisconnect,
  },
  {
    name: "connections",
    describe: "list the connections from this node's tanks",
    examples: [["tankd connections", "with their ids"]],
    load: async () => (await import("./connections.ts")).defineConnections,
  },
  {
    name: "transfers",
    describe: "list outgoing and incoming transfers of fish, newest first",
    examples: [
      ["tankd transfers --state pending", "fish that are on their way"],
      ["tankd transfers 5f0c…e1", "one of them, with its events"],
    ],
    load: async () => (await import("./transfers.ts")).defineTransfers,
  },
  {
    name: "transfer",
    describe: "send one fish to another tank, or resolve a transfer by hand",
    examples: [
      ["tankd transfer 9f2c…-17 lagoon", "wherever it swims now"],
      ["tankd transfer 9f2c…-17 hub-1::reef --from lagoon", "to another server"],
    ],
    load: async () => (await import("./transfer/transfer.ts")).defineTransfer,
  },
  {
    name: "audit",
    describe: "check over all nodes that each fish is in exactly one place",
    examples: [["tankd audit", "exit code 1 if a fish is missing or double, or a node silent"]],
    load: async () => (await import("./audit.ts")).defineAudit,
  },
  {
    name: "logs",
    describe: "show the log of a node that was started with -d",
    local: "node",
    examples: [["tankd logs -f", "the last 100 lines, then new ones"]],
    load: async () => (await import("./logs.ts")).defineLogs,
  },
  {
    name: "doctor",
    describe: "diagnose why nodes do not find or reach each other, and suggest remedies",
    examples: [["tankd doctor", "exit code 1 if something fails"]],
    load: async () => (await import("./doctor/doctor.ts")).defineDoctor,
  },
  {
    name: "run",
    describe: "run sealed tanks: the same seed gives the same world on every machine",
    local: "machine",
    examples: [
      ["tankd run --seed 7 --ticks 20000", "one tank, the result in text"],
      ["tankd run --tanks 4 --topology ring --out results", "four islands, with tables"],
    ],
    load: async () => (await import("./run/run.ts")).defineRun,
  },
  {
    name: "replay",
    describe: "replay a tank's past, up to its last commit or an earlier tick",
    local: "machine",
    examples: [
      ["tankd replay reef", "up to its last commit"],
      ["tankd replay reef.tank --verify", "an archive, with every digest compared"],
    ],
    load: async () => (await import("./replay.ts")).defineReplay,
  },
  {
    name: "downgrade",
    describe: "take the stopped node's data directory back to an earlier version",
    local: "machine",
    examples: [["tankd downgrade --schema 6", 'where that version says "supports 6"']],
    load: async () => (await import("./downgrade.ts")).defineDowngrade,
  },
  {
    name: "config",
    describe: "show every setting, its value and the origin of the value",
    examples: [["tankd config --json", "for programs"]],
    load: async () => (await import("./config.ts")).defineConfig,
  },
  {
    name: "version",
    describe: "print the version of this program",
    local: "machine",
    examples: [["tankd version --json", "with the platform and the runtime"]],
    load: async () => (await import("./version.ts")).defineVersion,
  },
  {
    name: "completion",
    describe: "print the completion script of a shell",
    local: "machine",
    examples: [
      ["tankd completion bash > /etc/bash_completion.d/tankd", ""],
      [`tankd completion zsh > "\${fpath[1]}/_tankd"`, ""],
      ["tankd completion fish > ~/.config/fish/completions/tankd.fish", ""],
    ],
    load: async () => (await import("./completion/completion.ts")).defineCompletion,
  },
  {
    name: "complete",
    describe: "words for a completion script",
    examples: [],
    hidden: true,
    load: async () => (await import("./completion/complete.ts")).defineComplete,
  },
];
