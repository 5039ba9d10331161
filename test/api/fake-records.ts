import type { ServerRecord } from "../../src/cluster/server-record.ts";
import type {
  FishProfile,
  FishView,
  PlantLooks,
  PlantView,
  TankStats,
} from "../../src/sim/types.ts";
import { NO_STATS } from "../../src/tanks/tank-view.ts";
import type { Frame, HostedTank } from "../../src/tanks/tanks.ts";

export const NODE_ID = "node-a";
export const EPOCH_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function fakeServer(id: string, more: Partial<ServerRecord> = {}): ServerRecord {
  const instant = new Date(EPOCH_MS).toISOString();
  return {
    server_id: `${id}-label`,
    node_id: id,
    hostname: id,
    host: "10.0.0.1",
    port: 8000,
    status: "online",
    role: "worker",
    version: "0.1.0",
    platform: "linux",
    architecture: "x64",
    tank_count: 1,
    world_count: 1,
    fish_count: 2,
    active_connections: 0,
    capabilities: ["entity-transfer"],
    tags: [],
    resources: { cpu_cores: 2 },
    metadata: {},
    region: null,
    zone: null,
    cpu_percent: 1,
    memory_mb: 60,
    uptime_seconds: 5,
    registered_at: instant,
    last_heartbeat: instant,
    last_seen: instant,
    rtt_ms: null,
    reachable: true,
    discovered_by: ["mdns"],
    is_local: id === NODE_ID,
    api_url: "http://10.0.0.1:8000",
    signed: true,
    member: true,
    ...more,
  };
}

export function fakeFish(id: string): FishView {
  return {
    fish_id: id,
    x: 100.123,
    y: 50.987,
    vx: 1.23456,
    vy: -0.5,
    energy: 71.26,
    age: 900,
    stage: "adult",
    generation: 3,
    hops: 1,
    parent_ids: [],
    size: 1.234567,
    hue: 0.56789,
  };
}

const STATS: TankStats = {
  ...NO_STATS,
  tick: 1200,
  alive: 2,
  food: 1,
  capacity: 100,
  maxGeneration: 3,
  energy: 142.5,
  games: { fish: 5, plants: 2 },
  diversity: 0.25,
  ledger: {
    ...NO_STATS.ledger,
    founded: 2,
    born: 1,
    died: { starvation: 1, predation: 0, old_age: 0 },
  },
  births: { ...NO_STATS.births, sexual: 1 },
  plants: 1,
  plantLedger: { ...NO_STATS.plantLedger, founded: 1 },
};

export function fakeTank(id: string, name = id): HostedTank {
  return {
    row: {
      tank_id: id,
      name,
      description: "",
      created_at: EPOCH_MS,
      seed: 42,
      fish: 2,
      tank_key: "0123456789abcdef",
      epoch: 1,
      ordinal: 1,
      origin: "founded",
    },
    status: "running",
    stats: STATS,
    seq: 7,
    durableSeq: 6,
    tickRate: 30,
    achievedRate: 29.9,
    tickLag: 0,
    fastForwardTo: undefined,
    skippedTicks: 0,
  };
}

export function fakeProfile(id: string): FishProfile {
  return {
    ...fakeFish(id),
    origin: "sexual",
    born_tick: 300,
    bank: 4,
    offspring: 2,
    behaviour: { threat: "freeze", food: "ambush", social: "solo", poker: "avoid" },
    poker: { games: 7, wins: 3, net_energy: -1.5 },
    memories: 4,
  };
}

/** A plant that has been through so many rewrites. */
export function fakePlant(id: string, iterations: number): PlantView {
  return {
    plant_id: id,
    x: 160.25,
    y: 612,
    energy: 300,
    size: 0.6512,
    iterations,
    nectar_ready: true,
    age: 100,
    generation: 0,
    hops: 0,
    strategy: 5,
  };
}

export function fakeLooks(id: string): PlantLooks {
  return {
    plant_id: id,
    stems: [
      [[0, 0, 0.1, 1, 0]],
      [
        [0, 0, 0.1, 0.5, 0],
        [0.1, 0.5, -0.2, 1, 1],
      ],
    ],
    hue: 0.33333,
    floral_hue: 0.9,
    floral_type: "star",
    petals: 5,
    layers: 2,
    spin: 0.12345,
  };
}

export function fakeFrame(tankId: string, tick: number, more: Partial<Frame> = {}): Frame {
  return {
    tankId,
    epoch: 1,
    tick,
    seq: 7,
    durableSeq: 6,
    width: 1088,
    height: 612,
    daylight: { time: 0.251, phase: "dawn", brightness: 0.70123 },
    fish: [fakeFish("0123456789abcdef-1")],
    food: [[1.26, 2, 0, 0.512]],
    crabs: [{ x: 250.04, y: 542, vx: -1.5, size: 1.13, energy: 100, sated: true }],
    plants: [],
    feeders: [{ x: 326.44, y: 552, kind: "protein_grotto", filled: 0.333, offering: false }],
    games: [],
    looks: new Map(),
    ...more,
  };
}
