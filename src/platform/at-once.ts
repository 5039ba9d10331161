/**
 * Does `work` for every item, `limit` of them at the same time, begun in their order. Rejects with
 * the first failure, when everything that was begun has settled; then nothing more is begun.
 */
export async function atOnce<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let failed = false;
  const lane = async () => {
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
  const lanes = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, lane),
  );
  for (const one of lanes) if (one.status === "rejected") throw one.reason;
}
