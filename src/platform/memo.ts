/**
 * What `compute` gave for the same arguments the last time, or gives now. For what is asked far
 * more often than it changes; arguments are compared by identity.
 */
export function memoizeLast<A extends readonly unknown[], R>(
  compute: (...args: A) => R,
): (...args: A) => R {
  let last: { readonly args: A; readonly result: R } | undefined;
  return (...args) => {
    if (last === undefined || args.some((one, index) => one !== last?.args[index])) {
      last = { args, result: compute(...args) };
    }
    return last.result;
  };
}
