import { expect, test } from "bun:test";
import { Ether, type Member } from "./ether.ts";

/** Starts `count` nodes within a second; each changes its role once, as nodes do when they join. */
async function gather(count: number): Promise<{ ether: Ether; members: readonly Member[] }> {
  const ether = new Ether(count);
  const draws = ether.world.stream("starts");
  const members: Member[] = [];
  for (let number = 0; number < count; number++) {
    ether.world.schedule(draws.integer(0, 1_000), "start", () => {
      const member = ether.join(`node${number}`);
      members.push(member);
      ether.world.schedule(1_200, "role", () => member.announce({ role: "worker" }));
    });
  }
  await ether.pass(10_000);
  return { ether, members };
}

test("24 nodes that start together all find each other, with packets that grow as N²", async () => {
  const counts = [12, 24];
  const runs = await Promise.all(counts.map(gather));
  for (const { members } of runs) {
    for (const { heard } of members) {
      expect(new Set(heard.map(({ nodeId }) => nodeId)).size).toBe(members.length - 1);
    }
  }
  const [few = 0, many = 0] = runs.map(({ ether }) => ether.received);
  process.stderr.write(`received in 10 s: ${few} by 12, ${many} by 24 stations\n`);
  // Without any suppression 24 nodes received 105,000 packets, 180 times N².
  expect(many).toBeLessThan(8 * 24 ** 2);
  expect(many / few).toBeLessThan(5);
});
