import { type Command, Option } from "commander";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { readInteger, readNumber } from "../output/numbers.ts";

/** Options for the terms of a connection. */
export interface TermOptions {
  readonly probability?: string;
  readonly direction?: string;
  readonly select?: string;
  readonly count?: string;
  readonly rate?: string;
  readonly strategy?: string;
  readonly copy?: boolean;
  readonly move?: boolean;
  readonly replace?: string;
  readonly pause?: boolean;
  readonly resume?: boolean;
}

export function addTermOptions(command: Command): Command {
  return command
    .option(
      "--probability <percent>",
      "chance of a fish at each draw, 0-100; 0 pauses the connection (default: 25)",
    )
    .addOption(
      new Option(
        "--direction <side>",
        "the wall through which they leave: left, right or both (default: both)",
      ).choices(["left", "right", "both"]),
    )
    .option(
      "--select <policy>",
      "who leaves: random, best, best:TRAIT, oldest, youngest, or boundary: those at the wall " +
        "(default: random)",
    )
    .option("--count <number>", "fish that leave at a draw (default: 1)")
    .option("--rate <fish>", "the most that leave, as 10/min, 1/s or 100/h (default: no limit)")
    .addOption(
      new Option(
        "--strategy <name>",
        "which of several destinations is next: failover, round-robin, least-loaded or " +
          "random; with --copy broadcast: all of them (default: failover)",
      ).choices(["failover", "round-robin", "least-loaded", "random", "broadcast"]),
    )
    .option("--copy", "the fish stay, and others like them are born there, with ids of their own")
    .option("--move", "the fish leave; the default, and the end of --copy")
    .addOption(
      new Option(
        "--replace <policy>",
        "what a full tank does: refuse, or fair: a better fish takes the place of its worst, if " +
          "its node agrees (--replacement asked) or is this one (default: refuse)",
      ).choices(["refuse", "fair"]),
    )
    .option("--pause", "no fish leave by it until --resume")
    .option("--resume", "fish leave by it again");
}

/** The terms that were given, as the API takes them. @throws Problem `usage` */
export function readTerms(options: TermOptions): Readonly<Record<string, unknown>> {
  if (options.pause && options.resume) throw new Problem("usage", "give --pause or --resume");
  if (options.copy && options.move) throw new Problem("usage", "give --copy or --move");
  const status = options.pause ? "paused" : options.resume && "running";
  const terms = {
    probability: readNumber(options.probability, "--probability", 0, 100),
    direction: options.direction,
    selection: options.select,
    count: readInteger(options.count, "--count", 1, LIMITS.migrantsPerDrawMax),
    rate: readRate(options.rate),
    strategy: options.strategy,
    mode: options.copy ? "copy" : options.move && "move",
    replacement: options.replace,
    status,
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

const PER_MINUTE: Readonly<Record<string, number>> = {
  s: 60,
  min: 1,
  h: 1 / 60,
};

/** Fish per minute; null without a limit. */
function readRate(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === "none") return null;
  const [, amount, unit = "min"] = /^(\d+(?:\.\d+)?)(?:\/(s|min|h))?$/.exec(text) ?? [];
  const perMinute = Number(amount) * (PER_MINUTE[unit] ?? 1);
  if (perMinute > 0 && perMinute <= LIMITS.connectionRateMax) return perMinute;
  throw new Problem(
    "usage",
    `--rate cannot be "${text}": give fish per time, like 10/min, 1/s or 100/h, up to ` +
      `${LIMITS.connectionRateMax}/min, or none`,
  );
}
