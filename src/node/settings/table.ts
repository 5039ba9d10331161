import { NAME_CONFLICT_RULES } from "../../cluster/registry/name-conflicts.ts";
import { BACKEND_NAMES } from "../../discovery/backend-names.ts";
import { REPLACEMENT_RULES } from "../../migration/payloads/entity.ts";
import { LIMITS } from "../../platform/limits.ts";
import { PROFILES } from "../timing.ts";
import { ACCESS_SETTINGS } from "./access.ts";
import { DISCOVERY_SETTINGS } from "./discovery.ts";
import { choice, integer, list, text, toggle } from "./kinds.ts";
import { LABEL_SETTINGS } from "./labels.ts";
import { LOG_SETTINGS } from "./log.ts";
import { PAST_SETTINGS } from "./past.ts";
import { type Setting, setting } from "./setting.ts";
import { STRANGER_SETTINGS } from "./strangers.ts";
import { TANK_SETTINGS } from "./tanks.ts";
import { TIMING_SETTINGS } from "./timings.ts";
import { TRANSFER_SETTINGS } from "./transfers.ts";
import {
  clusterName,
  discovery,
  hostAndPort,
  hubUrl,
  interfacePattern,
  leaseUrl,
  name,
  path,
  serverCondition,
} from "./values.ts";

export type { Setting };

/** The table. Its order is the order of help and of `tankd config`. */
export const SETTINGS = {
  config: setting({
    kind: path,
    default: undefined,
    flag: "--config",
    placeholder: "file",
    env: "TANKD_CONFIG",
    help: "a settings file, read instead of those that are looked for",
    choosesFiles: true,
  }),
  dataDir: setting({
    kind: path,
    default: undefined,
    flag: "--data-dir",
    placeholder: "dir",
    env: "TANKD_DATA_DIR",
    help: "where the node keeps its key, tanks and log",
    defaultHelp: "$XDG_STATE_HOME/tankd or ~/.local/state/tankd; for root /var/lib/tankd",
  }),
  name: setting({
    kind: name,
    default: undefined,
    flag: "--name",
    flagAlias: "--server-id",
    placeholder: "name",
    env: "TANK_SERVER_ID",
    help: "the label of this server; it stays until another one is given",
    defaultHelp: "the node's id",
  }),
  cluster: setting({
    kind: clusterName,
    default: "tankd",
    flag: "--cluster",
    placeholder: "name",
    env: "TANKD_CLUSTER",
    help: "nodes of other clusters are ignored",
  }),
  host: setting({
    kind: text(/^[A-Za-z0-9.:_-]{1,253}$/, "an address of this machine, like 127.0.0.1 or ::"),
    default: undefined,
    flag: "--host",
    placeholder: "address",
    env: "TANKD_HOST",
    help: "the address to listen on",
    defaultHelp: "all addresses, IPv4 and IPv6",
  }),
  port: setting({
    kind: integer(0, 65_535),
    default: 8000,
    flag: "--port",
    placeholder: "port",
    env: "TANK_API_PORT",
    help: "the port to listen on; 0 takes any free one",
    defaultHelp: "8000, or the next free one",
  }),
  advertise: setting({
    kind: hostAndPort,
    default: undefined,
    flag: "--advertise",
    placeholder: "address[:port]",
    env: "TANKD_ADVERTISE",
    help: "the address under which others reach this node",
    defaultHelp: "the addresses of this machine's networks",
  }),
  interfaces: setting({
    kind: list(interfacePattern, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--interfaces",
    placeholder: "names",
    env: "TANKD_INTERFACES",
    help: "network interfaces to announce this node on and to find others on",
    defaultHelp: "all but those of containers and virtual machines on this host",
  }),
  mode: setting({
    kind: choice(["auto", "discovery", "hub", "worker"], {
      agent: "worker",
      proxy: "worker",
      server: "hub",
    }),
    default: undefined,
    flag: "--mode",
    placeholder: "mode",
    help:
      "shorthand for role and tanks: discovery is a hub without tanks; hub, worker and " +
      "auto set the role; --role and --tanks must not contradict it",
    presets: {
      auto: { role: "auto" },
      discovery: { role: "hub", tanks: 0 },
      hub: { role: "hub" },
      worker: { role: "worker" },
    },
  }),
  role: setting({
    kind: choice(["auto", "hub", "worker"], {
      agent: "worker",
      proxy: "worker",
      server: "hub",
    }),
    default: "auto",
    flag: "--role",
    placeholder: "role",
    env: "ROLE",
    help: "auto takes part in the election; hub has the highest priority; worker never becomes hub",
  }),
  priority: setting({
    kind: integer(0, 1_000),
    default: 100,
    flag: "--priority",
    placeholder: "number",
    env: "TANKD_PRIORITY",
    help: "priority in the election of the hub; the higher one wins",
  }),
  discovery: setting({
    failsOnly: "discovery",
    kind: discovery,
    default: ["auto"] as readonly string[],
    flag: "--discovery",
    placeholder: "backends",
    env: "DISCOVERY_BACKEND",
    help:
      `how to find other nodes: auto, none, a list of ${BACKEND_NAMES.join(", ")}, or a ` +
      "hub's URL",
  }),
  hub: setting({
    failsOnly: "hub",
    kind: list(hubUrl, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--hub",
    placeholder: "urls",
    env: "DISCOVERY_SERVER_URL",
    help: "URLs of hubs, tried in order; of HOST[:PORT] alone http:// and port 8000 are taken",
  }),
  ...DISCOVERY_SETTINGS,
  lease: setting({
    kind: leaseUrl,
    default: undefined,
    flag: "--lease",
    placeholder: "url",
    env: "TANKD_LEASE",
    help: "a lease in etcd or Consul that decides which node is hub, the same on all nodes",
    defaultHelp: "the nodes decide",
  }),
  ...TANK_SETTINGS,
  ...PAST_SETTINGS,
  ...LABEL_SETTINGS,
  profile: setting({
    kind: choice(PROFILES),
    default: "default",
    flag: "--profile",
    placeholder: "profile",
    env: "TANKD_PROFILE",
    help: "timing of heartbeats and checks: default, development or production",
  }),
  ...TIMING_SETTINGS,
  autoConnect: setting({
    kind: toggle(),
    default: true,
    flag: "--no-auto-connect",
    env: "TANKD_AUTO_CONNECT",
    help: "do not create the automatic connection to the next node's tank",
  }),
  balance: setting({
    kind: toggle(),
    default: false,
    flag: "--balance",
    env: "TANKD_BALANCE",
    help: "while this node is the busiest, move a tank now and then to the least busy one",
  }),
  autoConnectTo: setting({
    kind: list(serverCondition, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--auto-connect-to",
    placeholder: "condition",
    env: "TANKD_AUTO_CONNECT_TO",
    help:
      "whom the automatic connection may join: tag=T, capability=C, region=R or zone=Z; may be " +
      "repeated, and all must hold",
    defaultHelp: "any node",
  }),
  replacement: setting({
    kind: choice(REPLACEMENT_RULES),
    default: "refuse",
    flag: "--replacement",
    placeholder: "policy",
    env: "TANKD_REPLACEMENT",
    help:
      "what a full tank of this node does with a fish that arrives: refuse it; fair: it takes " +
      "the place of the grown one with the least energy, if it has more; asked: that, where the " +
      "connection asks for it (connect --replace)",
  }),
  ...STRANGER_SETTINGS,
  ...TRANSFER_SETTINGS,
  register: setting({
    kind: toggle(),
    default: true,
    flag: "--no-register",
    env: "TANKD_REGISTER",
    help: "do not announce this node or register it with a hub",
  }),
  secretFile: setting({
    kind: path,
    default: undefined,
    flag: "--secret-file",
    placeholder: "file",
    env: "TANKD_SECRET_FILE",
    help:
      "file with the shared secret of this cluster's members; only members lead and are " +
      "followed",
  }),
  nameConflict: setting({
    kind: choice(NAME_CONFLICT_RULES),
    default: "qualified",
    flag: "--name-conflict",
    placeholder: "rule",
    env: "TANKD_NAME_CONFLICT",
    help: "how tanks with the same name are named here, and what happens to an alias that is taken",
  }),
  ...ACCESS_SETTINGS,
  ...LOG_SETTINGS,
  onRoleChange: setting({
    kind: text(/^[^\0]{1,4096}$/, "a shell command"),
    default: undefined,
    help:
      "command to run after a change of role, with TANKD_ROLE and TANKD_HUB_URL set; " +
      "only from --config, /etc/tankd or $XDG_CONFIG_HOME, where only you and root can write",
    runsCommand: true,
  }),
  url: setting({
    kind: hubUrl,
    default: undefined,
    flag: "--url",
    placeholder: "url",
    env: "TANKD_URL",
    help: "commands address the node at this URL",
    defaultHelp: "the node of the data directory",
  }),
  token: setting({
    kind: text(/^[\x21-\x7e]{16,512}$/, "the control token of that node"),
    default: undefined,
    env: "TANKD_TOKEN",
    help: "control token for --url; --token-file or TANKD_TOKEN_FILE names a file with it",
    secret: true,
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T, infer D> ? T | D : never;

/** The value of every setting. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** The key of a setting in `tankd.toml`, in problems and in `tankd config`. */
export function fileKeyOf(key: SettingKey): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
