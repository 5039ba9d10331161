import { LIMITS } from "../../platform/limits.ts";
import { hasRights } from "../rights.ts";
import type { ServerRecord } from "../server-record.ts";

/** What a server has to be and to have for a tank to be placed there. */
export interface Wish {
  /** Of the new tank. */
  readonly fish: number;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly capabilities?: readonly string[] | undefined;
  /** Numbers are the least that it must have; anything else must be equal. */
  readonly resources?: Readonly<Record<string, number | string | boolean>> | undefined;
}

/** Tanks that are about to be on a server, and are not in its record yet. */
export interface Pending {
  readonly tanks: number;
  readonly fish: number;
}

/** A resource of a server that takes no more tanks, as while it is drained. */
export const ACCEPTS_TANKS = "accepts_tanks";
/** Resources by which an operator bounds what is placed on a server. */
const TANKS_MAX = "tanks_max";
const FISH_MAX = "fish_max";

/** An empty tank costs as much as so many fish: its food, plants and ticks. */
const FISH_PER_TANK = 20;
/** Memory of a tank: its arena and journal, and 4.5 kB a fish, rounded up. */
const TANK_MB = 2;
const FISH_MB = 0.005;
/** Of the machine's memory: the rest is for its other programs. */
const MEMORY_SHARE = 0.9;

/** What a tank costs, in fish. */
export function costOf(fish: number): number {
  return fish + FISH_PER_TANK;
}

export function coresOf(record: ServerRecord): number {
  return Math.max(1, numberOf(record, "cpu_cores") ?? 1);
}

/** What a core of the server has to do for its tanks, in fish. */
export function loadOf(record: ServerRecord, pending: Pending): number {
  const fish = record.fish_count + pending.fish;
  const tanks = record.tank_count + pending.tanks;
  return (fish + FISH_PER_TANK * tanks) / coresOf(record);
}

/**
 * The same with one more such tank. A server whose process keeps all its cores busy counts twice.
 */
export function loadWith(record: ServerRecord, pending: Pending, fish: number): number {
  const cores = coresOf(record);
  const busy = Math.min(1, record.cpu_percent / (100 * cores));
  return (loadOf(record, pending) + costOf(fish) / cores) * (1 + busy);
}

/** Why a tank may not be placed on a server, as a clause; undefined if it may. */
export function misfit(record: ServerRecord, pending: Pending, wish: Wish): string | undefined {
  return standing(record) ?? difference(record, wish) ?? lack(record, pending, wish.fish);
}

function standing(record: ServerRecord): string | undefined {
  if (record.node_id === null || !hasRights(record)) return "is no member of this cluster";
  if (record.status === "offline") return "is offline";
  if (record.status_reason) return `is degraded: ${record.status_reason}`;
  if (record.status !== "online") return `is ${record.status}`;
  if (record.resources[ACCEPTS_TANKS] === false) return "takes no tanks: it is being drained";
  return undefined;
}

function difference(record: ServerRecord, wish: Wish): string | undefined {
  const { region, zone, tags = [], capabilities = [], resources = {} } = wish;
  if (region !== undefined && record.region !== region) {
    return `is in ${record.region === null ? "no region" : `region ${record.region}`}`;
  }
  if (zone !== undefined && record.zone !== zone) {
    return `is in ${record.zone === null ? "no zone" : `zone ${record.zone}`}`;
  }
  const tag = tags.find((one) => !record.tags.includes(one));
  if (tag !== undefined) return `has no tag ${tag}`;
  const capability = capabilities.find((one) => !record.capabilities.includes(one));
  if (capability !== undefined) return `has no capability ${capability}`;
  for (const [name, wanted] of Object.entries(resources)) {
    const has = record.resources[name];
    const isEnough =
      typeof wanted === "number" && typeof has === "number" ? has >= wanted : has === wanted;
    if (!isEnough) return `has ${has === undefined ? `no ${name}` : `${name}=${has}`}`;
  }
  return undefined;
}

/** The first capacity that would be exceeded. */
function lack(record: ServerRecord, pending: Pending, fish: number): string | undefined {
  const tanks = record.tank_count + pending.tanks + 1;
  const all = record.fish_count + pending.fish + fish;
  const tanksMax = Math.min(LIMITS.tanksMax, numberOf(record, TANKS_MAX) ?? LIMITS.tanksMax);
  if (tanks > tanksMax) return `hosts at most ${tanksMax} tanks`;
  const fishMax = numberOf(record, FISH_MAX) ?? Number.POSITIVE_INFINITY;
  if (all > fishMax) return `hosts at most ${fishMax} fish`;
  const memoryMb = (numberOf(record, "memory_gb") ?? Number.POSITIVE_INFINITY) * 1024;
  const added = (pending.tanks + 1) * TANK_MB + (pending.fish + fish) * FISH_MB;
  if (record.memory_mb + added > memoryMb * MEMORY_SHARE) return "has too little memory";
  return undefined;
}

function numberOf({ resources }: ServerRecord, name: string): number | undefined {
  const value = resources[name];
  return typeof value === "number" ? value : undefined;
}
