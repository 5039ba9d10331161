/**
 * Runs `work` for every item, started in order, at most `limit` concurrently. After a failure
 * nothing more is started; rejects with the first failure once all started work has settled.
 */
export async function atOnce<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let failed = false;
  const worker = async () => {
    for (const item of rest) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, worker),
  );
  for (const one of workers) if (one.status === "rejected") throw one.reason;
}
