import { LIMITS } from "../../platform/limits.ts";
import { choice, integer } from "./kinds.ts";
import { setting } from "./setting.ts";

/** The tanks of a node: those of its first start, and how all of them run. */
export const TANK_SETTINGS = {
  tanks: setting({
    kind: integer(0, LIMITS.tanksMax),
    default: 1,
    flag: "--tanks",
    placeholder: "number",
    env: "TANKD_TANKS",
    help: "tanks to create at the first start",
  }),
  fish: setting({
    kind: integer(0, LIMITS.foundersMax),
    default: 50,
    flag: "--fish",
    placeholder: "number",
    env: "TANKD_FISH",
    help: "fish in each of them",
  }),
  seed: setting({
    kind: integer(0, Number.MAX_SAFE_INTEGER),
    default: undefined,
    flag: "--seed",
    placeholder: "number",
    env: "TANKD_SEED",
    help: "seed of the first tank; the next tanks get the following seeds",
    defaultHelp: "random",
  }),
  tickRate: setting({
    kind: integer(0, LIMITS.tickRateMax),
    default: 30,
    flag: "--tick-rate",
    placeholder: "number",
    env: "TANKD_TICK_RATE",
    help: "ticks per second; 0 is as fast as possible",
  }),
  threads: setting({
    kind: integer(1, LIMITS.threadsMax),
    default: undefined,
    flag: "--threads",
    placeholder: "number",
    env: "TANKD_THREADS",
    help: "simulation threads; one is started when the first tank needs it",
    defaultHelp: "as many as there are cores for this process",
  }),
  sharedMemory: setting({
    kind: choice(["auto", "off"]),
    default: "auto",
    flag: "--shared-memory",
    placeholder: "how",
    env: "TANKD_SHARED_MEMORY",
    help:
      "auto keeps the states of tanks in /dev/shm, where Linux has it, so that they outlive a " +
      "killed process; off keeps them in the process",
  }),
} as const;
