import type { InterfaceAddress, Machine } from "./machine.ts";
import { memoizeLast } from "./memo.ts";

/** Each is a name like `eth0`, or a pattern like `wl*`; with `!` before it, one to leave out. */
export type InterfacePatterns = readonly string[];

/**
 * The machine, its addresses marked by what the operator says about their interfaces. Exclusion
 * wins; where any name is given without `!`, all others are excluded. All addresses stay in the
 * list: a node must know its own ones also where it does not announce them.
 */
export function chooseInterfaces(machine: Machine, patterns: InterfacePatterns): Machine {
  if (patterns.length === 0) return machine;
  const excluded = patterns
    .filter((one) => one.startsWith("!"))
    .map((one) => matcher(one.slice(1)));
  const wanted = patterns.filter((one) => !one.startsWith("!"));
  const included = wanted.map(matcher);
  const choose = (name: string): boolean | undefined => {
    if (excluded.some((pattern) => pattern.test(name))) return false;
    return included.length === 0 ? undefined : included.some((pattern) => pattern.test(name));
  };
  const mark = memoizeLast((addresses: readonly InterfaceAddress[]) =>
    addresses.map((one) => {
      const chosen = choose(one.interfaceName);
      return chosen === undefined ? one : { ...one, chosen };
    }),
  );
  const unmatched = () =>
    wanted.filter((_, at) =>
      machine.addresses().every(({ interfaceName }) => !included[at]?.test(interfaceName)),
    );
  return {
    ...machine,
    addresses: () => mark(machine.addresses()),
    unmatchedInterfaces: unmatched,
  };
}

/** `*` stands for any number of characters, `?` for one. */
function matcher(pattern: string): RegExp {
  const source = pattern.replace(/[^*?]/g, (character) => RegExp.escape(character));
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
