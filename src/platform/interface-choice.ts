import type { InterfaceAddress, Machine } from "./machine.ts";
import { memoizeLast } from "./memo.ts";

/** Each is a name like `eth0`, or a pattern like `wl*`; a leading `!` excludes. */
export type InterfacePatterns = readonly string[];

/**
 * Marks the machine's addresses by the operator's choice of interfaces. Exclusion wins; if any name
 * is given without `!`, all others are excluded. All addresses stay in the list: a node must know
 * its own ones even if it does not announce them.
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

/** `*` matches any number of characters, `?` one. */
function matcher(pattern: string): RegExp {
  const source = pattern.replace(/[^*?]/g, (character) => RegExp.escape(character));
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
