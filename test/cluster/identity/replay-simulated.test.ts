import { expect, test } from "bun:test";
import type { HttpRequest } from "../../../src/platform/network.ts";
import { Lab } from "../../support/simulated/lab.ts";
import { PORT } from "../../support/simulated/lab-node.ts";

const QUARTER_MS = 900_000;

/** A hub with two workers, and somebody who writes down what the workers say to it. */
async function overheard(seed: number) {
  const lab = new Lab(seed);
  const hub = lab.add("pi", { role: "hub" });
  const workers = [lab.add("a"), lab.add("b")];
  const said: HttpRequest[] = [];
  const { network } = lab.world;
  const send = network.send.bind(network);
  network.send = (process, request) => {
    const isSigned = request.headers["signature"] !== undefined;
    if (isSigned && request.origin === `http://${hub.host.address}:${PORT}`) said.push(request);
    return send(process, request);
  };
  const nodes = [hub, ...workers];
  for (const node of nodes) node.start();
  await lab.until("one hub", 10_000, () => lab.agree(nodes));
  await lab.run(20_000);
  const mallory = lab.world.addHost({ name: "mallory" });
  /** What of it the hub takes when it is said again. */
  const takenAgain = async () => {
    const taken: string[] = [];
    for (const request of [...said]) {
      const { status } = await lab.exchange(mallory, request);
      if (status < 300) taken.push(`${request.method} ${request.path}`);
    }
    return taken;
  };
  expect(said.length).toBeGreaterThan(10);
  return { lab, hub, workers, nodes, said, takenAgain };
}

test("what was said once is not taken again", async () => {
  const { takenAgain } = await overheard(811);
  expect(await takenAgain()).toEqual([]);
});

test("nor after a reboot with the clock set back, as on a machine without a battery", async () => {
  const { lab, hub, workers, takenAgain } = await overheard(812);
  for (const worker of workers) worker.kill();
  hub.kill();
  await lab.run(1_000);
  hub.host.wallOffsetMs -= lab.world.nowMs;
  hub.start();
  await lab.until("it leads", 10_000, () => hub.running?.view().role === "hub");
  expect(await takenAgain()).toEqual([]);
});

test("nor where the clock of a node that runs on is set back to the time of then", async () => {
  const { lab, hub, nodes, said, takenAgain } = await overheard(813);
  const overheardMs = lab.world.nowMs;
  await lab.run(QUARTER_MS);
  hub.host.wallOffsetMs -= lab.world.nowMs - overheardMs;
  said.length = Math.min(said.length, 20);
  expect(await takenAgain()).toEqual([]);
  await lab.run(10_000);
  expect(lab.agree(nodes)).toBe(true);
});
