import { Lab } from "../../support/simulated/lab.ts";
import { type LabNode, PORT } from "../../support/simulated/lab-node.ts";

type Settings = Parameters<Lab["add"]>[1];

/** A copy of a node's data directory on a machine of its own; it is not started. */
export function copyOf(lab: Lab, original: LabNode, settings: Settings = {}): LabNode {
  const copy = lab.add(`copy of ${original.host.name}`, settings, original.identity);
  copy.store = original.store.copy();
  return copy;
}

/** A hub by URL, and a worker of it. Nobody hears of anybody else. */
export async function hubAndWorker(seed: number, settings: Settings = {}) {
  const lab = new Lab(seed);
  lab.multicast = false;
  const hub = lab.add("hub", { priority: 1_000 });
  const hubs = [{ host: hub.host.address, port: PORT }];
  const original = lab.add("original", { ...settings, hubs });
  for (const node of [hub, original]) node.start();
  await lab.until("one hub", 5_000, () => lab.agree([hub, original]));
  return { lab, hub, hubs, original };
}

/** Something is done, `count` times. */
export async function commit({ store }: LabNode, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await store.journal.commit([{ put: "meta", key: "k", value: String(index) }]);
  }
}
