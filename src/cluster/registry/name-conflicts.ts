/** What this node does about one name for several things (`--name-conflict`). */
export const NAME_CONFLICT_RULES = ["suffix", "prefix", "qualified", "manual", "fail"] as const;
export type NameConflictRule = (typeof NAME_CONFLICT_RULES)[number];

/** Separator of a server and its tank: `reef-1::lagoon`. */
export const SEPARATOR = "::";

/** A tank that shares its name with others. */
export interface Claim {
  readonly name: string;
  /** The server of the tank, by its label. */
  readonly server: string;
}

interface Rule {
  /** The replacement of a shared name; `turn` counts the earlier ones, from 0. */
  readonly rename: (claim: Claim, turn: number) => string | undefined;
  /** Whether different turns give different names. */
  readonly numbers: boolean;
  /** Whether an alias that is given by hand takes the name from its present owner. */
  readonly takesOver: boolean;
}

/**
 * The five conflict rules. Of several tanks with one name
 * - `suffix`: the first keeps it, the next are NAME_1, NAME_2 … in the order of node and tank ids;
 * - `prefix`: each is SERVER_NAME;
 * - `qualified`: each is SERVER::NAME;
 * - `manual`: none has it until an alias gives it to one;
 * - `fail`: none has it, and no alias may have it.
 * An alias that is taken becomes what the rule makes of it; under `manual` it goes over to the new
 * tank, under `fail` it is refused.
 */
const RULES: Readonly<Record<NameConflictRule, Rule>> = {
  suffix: {
    rename: ({ name }, turn) => (turn === 0 ? name : `${name}_${turn}`),
    numbers: true,
    takesOver: false,
  },
  prefix: {
    rename: ({ name, server }) => `${server}_${name}`,
    numbers: false,
    takesOver: false,
  },
  qualified: {
    rename: ({ name, server }) => `${server}${SEPARATOR}${name}`,
    numbers: false,
    takesOver: false,
  },
  manual: { rename: () => undefined, numbers: false, takesOver: true },
  fail: { rename: () => undefined, numbers: false, takesOver: false },
};

/** Numbers that are tried for an alias. */
const ALIAS_NUMBERS_MAX = 10;

/**
 * The name of each tank, without duplicates. A name that only one tank has is kept under any rule,
 * and no derived name replaces it. A tank without a name is addressed by server and id.
 */
export function nameTanks<T extends Claim>(
  tanks: readonly T[],
  rule: NameConflictRule,
): ReadonlyMap<string, T> {
  const groups = [...Map.groupBy(tanks, ({ name }) => name).values()];
  const names = new Map<string, T>();
  for (const [tank, ...others] of groups) {
    if (tank !== undefined && others.length === 0) names.set(tank.name, tank);
  }
  const shared = groups.filter((group) => group.length > 1);
  if (RULES[rule].numbers) for (const group of shared) number(group, names, rule);
  else rename(shared.flat(), names, rule);
  return names;
}

function number<T extends Claim>(
  group: readonly T[],
  names: Map<string, T>,
  rule: NameConflictRule,
): void {
  let turn = 0;
  for (const tank of group) {
    let call = RULES[rule].rename(tank, turn++);
    while (call !== undefined && names.has(call)) call = RULES[rule].rename(tank, turn++);
    if (call !== undefined) names.set(call, tank);
  }
}

function rename<T extends Claim>(
  shared: readonly T[],
  names: Map<string, T>,
  rule: NameConflictRule,
): void {
  for (const [call, tanks] of Map.groupBy(shared, (tank) => RULES[rule].rename(tank, 0))) {
    const [tank, ...others] = tanks;
    const isFree = call !== undefined && !names.has(call);
    if (isFree && tank !== undefined && others.length === 0) names.set(call, tank);
  }
}

/** The name that an alias gets, if the wanted one may be taken; undefined if it gets none. */
export function nameAlias(
  wanted: Claim,
  isTaken: (name: string) => boolean,
  rule: NameConflictRule,
): string | undefined {
  const { numbers, takesOver } = RULES[rule];
  if (takesOver || !isTaken(wanted.name)) return wanted.name;
  for (let turn = 1; turn <= (numbers ? ALIAS_NUMBERS_MAX : 1); turn++) {
    const name = RULES[rule].rename(wanted, turn);
    if (name !== undefined && !isTaken(name)) return name;
  }
  return undefined;
}
