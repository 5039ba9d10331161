import { sleep, type Timers } from "../../platform/timers.ts";
import type { Entry, EtcdStore, Range } from "./store.ts";

/** A connection that was cut without a reset leaves its watch silent: the watch is opened anew. */
const LIFE_MS = 60_000;
/** Delay before the next watch if a server or a proxy ends watches early. */
const PAUSE_MS = 1_000;

/**
 * Watches for a minute, or until `signal` aborts it; see {@link EtcdStore.watch}. Resolves with the
 * delay after which to watch again, in milliseconds.
 */
export async function watchOnce(
  { timers, store }: { readonly timers: Timers; readonly store: EtcdStore },
  range: Range,
  from: bigint,
  signal: AbortSignal,
  onChange: (entries: readonly Entry[]) => void,
): Promise<number> {
  const over = new AbortController();
  const ends = AbortSignal.any([signal, over.signal]);
  void sleep(timers, LIFE_MS, ends).then(() => over.abort());
  try {
    await store.watch(range, from, ends, onChange);
    return ends.aborted ? 0 : PAUSE_MS;
  } finally {
    over.abort();
  }
}
