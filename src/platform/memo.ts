/**
 * Caches the last result of `compute`, for values that are read far more often than they change.
 * Arguments are compared by identity.
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
