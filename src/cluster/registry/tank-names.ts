import { Problem } from "../../platform/errors.ts";
import type { Alias, TankLocation } from "../cluster.ts";
import { type NameConflictRule, nameTanks, SEPARATOR } from "./name-conflicts.ts";

/** The names of tanks on this node. */
export interface Naming {
  readonly alias: (name: string) => Alias | undefined;
  readonly rule: NameConflictRule;
}

/**
 * The tank that a text denotes: an alias of this node, a tank's id, `SERVER::TANK` with the
 * server's node id or label and the tank's id or name, or a name that the conflict rule gives to
 * one tank. An id that two nodes claim is that of this node.
 * @throws Problem `conflict` for a name that several tanks share, `unknown_tank` for an alias whose
 * tank is not listed.
 */
export function findTank(
  text: string,
  tanks: readonly TankLocation[],
  { alias, rule }: Naming,
): TankLocation | undefined {
  const given = alias(text);
  if (given !== undefined) return tankOf(given, tanks);
  return byId(tanks, text) ?? onServer(text, tanks) ?? byName(text, tanks, rule);
}

function tankOf(alias: Alias, tanks: readonly TankLocation[]): TankLocation {
  const found = tanks.find(
    ({ node_id, tank }) => node_id === alias.node_id && tank.tank_id === alias.tank_id,
  );
  if (found !== undefined) return found;
  throw new Problem(
    "unknown_tank",
    `${alias.alias} stands for the tank ${alias.tank_id} of ${alias.server_id}, ` +
      "which is not listed now",
  );
}

function byId(tanks: readonly TankLocation[], id: string): TankLocation | undefined {
  const found = tanks.filter(({ tank }) => tank.tank_id === id);
  return found.find(({ is_local }) => is_local) ?? found[0];
}

function onServer(text: string, tanks: readonly TankLocation[]): TankLocation | undefined {
  const at = text.indexOf(SEPARATOR);
  if (at === -1) return undefined;
  const server = text.slice(0, at);
  const wanted = text.slice(at + SEPARATOR.length);
  const identified = tanks.filter(({ node_id }) => node_id === server);
  const there =
    identified.length > 0 ? identified : tanks.filter(({ server_id }) => server_id === server);
  const found = byId(there, wanted);
  if (found !== undefined) return found;
  const named = there.filter(({ tank }) => tank.name === wanted);
  if (named.length > 1) throw shared(wanted, named, new Map());
  return named[0];
}

function byName(
  text: string,
  tanks: readonly TankLocation[],
  rule: NameConflictRule,
): TankLocation | undefined {
  const names = namesUnder(rule, tanks);
  const found = names.get(text);
  if (found !== undefined) return found;
  const sharers = tanks.filter(({ tank }) => tank.name === text);
  if (sharers.length > 0) throw shared(text, sharers, names);
  return undefined;
}

/** Every tank under the name that the rule gives it, in the order of node and tank ids. */
function namesUnder(
  rule: NameConflictRule,
  tanks: readonly TankLocation[],
): ReadonlyMap<string, TankLocation> {
  const claims = tanks
    .map((location) => ({ name: location.tank.name, server: location.server_id, location }))
    .sort((a, b) => compareText(orderOf(a.location), orderOf(b.location)));
  return new Map([...nameTanks(claims, rule)].map(([name, { location }]) => [name, location]));
}

function orderOf({ node_id, tank }: TankLocation): string {
  return `${node_id} ${tank.tank_id}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Maximum number of names in a message. */
const NAMED_MAX = 5;

function shared(
  name: string,
  sharers: readonly TankLocation[],
  names: ReadonlyMap<string, TankLocation>,
): Problem {
  const calls = new Map([...names].map(([call, location]) => [location, call]));
  const shown = sharers
    .slice(0, NAMED_MAX)
    .map((one) => calls.get(one) ?? `${one.server_id}${SEPARATOR}${one.tank.tank_id}`);
  const more = sharers.length > NAMED_MAX ? ` (and ${sharers.length - NAMED_MAX} more)` : "";
  return new Problem(
    "conflict",
    `Several tanks are called ${name}: say ${shown.join(" or ")}${more}, or give one an alias`,
  );
}
