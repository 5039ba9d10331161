import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { Mutex } from "../../platform/mutex.ts";
import type { Journal } from "../../store/journal.ts";
import type { Alias, TankLocation } from "../cluster.ts";
import { type NameConflictRule, nameAlias } from "./name-conflicts.ts";

const META_KEY = "cluster.aliases";

/** An alias may have the form that the rules derive: `SERVER::NAME`. */
const ALIAS_CHARACTERS_MAX = 2 * LIMITS.nameCharactersMax + 2;
const WANTED = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
/** The form of a tank's id: it always means that tank. */
const TANK_ID = /^[0-9a-f]{16}$/;

const id = z.string().min(1).max(LIMITS.nameCharactersMax);
const keptSchema = z
  .array(
    z.object({
      alias: z.string().min(1).max(ALIAS_CHARACTERS_MAX),
      node_id: id,
      server_id: id,
      tank_id: id,
    }),
  )
  .max(LIMITS.aliasesMax);

export interface AliasPorts {
  readonly journal: Pick<Journal, "meta" | "commit">;
  readonly rule: NameConflictRule;
  /** The tank that a text denotes. */
  readonly locate: (text: string) => TankLocation | undefined;
  /** Every tank with that name. */
  readonly called: (name: string) => readonly TankLocation[];
}

/** The aliases of this node: its own names for tanks of any node, stored in its journal. */
export class Aliases {
  readonly #ports: AliasPorts;
  #aliases: ReadonlyMap<string, Alias> = new Map();
  /** Each change writes the whole list. */
  readonly #changes = new Mutex();

  constructor(ports: AliasPorts) {
    this.#ports = ports;
  }

  async load(): Promise<void> {
    const text = await this.#ports.journal.meta(META_KEY);
    this.#aliases = new Map(readKept(text).map((alias) => [alias.alias, alias]));
  }

  get(name: string): Alias | undefined {
    return this.#aliases.get(name);
  }

  list(): readonly Alias[] {
    return [...this.#aliases.values()];
  }

  /**
   * Gives a tank an alias; the conflict rule decides if the name is taken. Resolves once it is
   * durable. @throws Problem `invalid`, `unknown_tank`, `conflict`, `too_many`
   */
  async give(wanted: string, tank: string): Promise<Alias> {
    if (!WANTED.test(wanted) || TANK_ID.test(wanted)) {
      const words = "An alias has up to 64 letters, digits and . _ -, and is no tank's id";
      throw new Problem("invalid", words);
    }
    return this.#changes.run(async () => {
      const made = this.#resolve(wanted, tank);
      const next = new Map(this.#aliases).set(made.alias, made);
      if (next.size > LIMITS.aliasesMax) {
        throw new Problem("too_many", `A node keeps at most ${LIMITS.aliasesMax} aliases`);
      }
      await this.#keep(next);
      return made;
    });
  }

  /** Resolves once that is durable. @throws Problem `unknown_alias` */
  remove(name: string): Promise<void> {
    return this.#changes.run(async () => {
      const next = new Map(this.#aliases);
      if (!next.delete(name)) throw new Problem("unknown_alias", `There is no alias ${name} here`);
      await this.#keep(next);
    });
  }

  #resolve(wanted: string, text: string): Alias {
    const { rule, locate, called } = this.#ports;
    const place = locate(text);
    if (place === undefined) throw new Problem("unknown_tank", `No node has a tank ${text}`);
    const { node_id, server_id, tank } = place;
    const { tank_id } = tank;
    const isSame = (other: Pick<Alias, "node_id" | "tank_id">) =>
      other.node_id === node_id && other.tank_id === tank_id;
    const isTaken = (name: string) => {
      const alias = this.#aliases.get(name);
      if (alias !== undefined) return !isSame(alias);
      return called(name).some((other) => !isSame({ ...other, tank_id: other.tank.tank_id }));
    };
    const alias = nameAlias({ name: wanted, server: server_id }, isTaken, rule);
    if (alias !== undefined) return { alias, node_id, server_id, tank_id };
    throw new Problem("conflict", `The name ${wanted} is taken; choose another (rule: ${rule})`);
  }

  async #keep(next: ReadonlyMap<string, Alias>): Promise<void> {
    const value = JSON.stringify([...next.values()]);
    await this.#ports.journal.commit([{ put: "meta", key: META_KEY, value }]);
    this.#aliases = next;
  }
}

/** A list in the format of a later version is ignored: aliases can be given again. */
function readKept(text: string | undefined): readonly Alias[] {
  if (text === undefined) return [];
  try {
    return keptSchema.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
