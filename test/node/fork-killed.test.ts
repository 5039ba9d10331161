import { expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { z } from "zod";
import { tankViewSchema } from "../../src/api/tank-view.ts";
import { Sandbox } from "./child.ts";

const tanksSchema = z.object({ tanks: z.array(tankViewSchema) });
const statusSchema = z.object({ node_id: z.string() });

const TANKS = 8;
const KILLS = 10;
const TEST_TIMEOUT_MS = 180_000;

/** Starts a node on a directory, sees who it is and what it has, and stops it. */
async function lookAt(sandbox: Sandbox, directory: string, ...flags: readonly string[]) {
  const node = await sandbox.start(directory, ...flags);
  const at = ["--data-dir", sandbox.at(directory)];
  const { node_id } = statusSchema.parse(await sandbox.json("status", ...at));
  const { tanks } = tanksSchema.parse(await sandbox.json("tank", "ls", ...at));
  expect(await node.end("SIGTERM")).toBe(0);
  expect(tanks.map(({ tank }) => tank.status)).toEqual(Array(TANKS).fill("running"));
  return { node_id, tank_ids: tanks.map(({ tank }) => tank.tank_id) };
}

test(
  "kill -9 in the middle of --fork leaves wholly the old node or wholly a new one",
  async () => {
    using sandbox = new Sandbox();
    const before = await lookAt(sandbox, "data", "--tanks", String(TANKS), "--fish", "30");
    cpSync(sandbox.at("data"), sandbox.at("whole"), { recursive: true });
    const startedMs = performance.now();
    const whole = await lookAt(sandbox, "whole", "--fork");
    const wholeMs = performance.now() - startedMs;
    expect(whole.node_id).not.toBe(before.node_id);
    for (let kill = 0; kill < KILLS; kill++) {
      const name = `killed-${kill}`;
      cpSync(sandbox.at("data"), sandbox.at(name), { recursive: true });
      const node = sandbox.begin(name, "--fork");
      // Half of them around the commit, which the prepared key announces; the others anywhere.
      if (kill % 2 === 0) {
        // It may be gone again before anybody has looked: then the node is announced soon.
        const signs = ["key.next", "node.json"].map((file) => sandbox.at(`${name}/${file}`));
        while (!signs.some((file) => existsSync(file))) await Bun.sleep(0);
        await Bun.sleep(kill / 2);
      } else {
        await Bun.sleep((wholeMs * kill) / KILLS);
      }
      await node.end("SIGKILL");
      const after = await lookAt(sandbox, name);
      const isOld = after.node_id === before.node_id;
      if (isOld) expect(after.tank_ids).toEqual(before.tank_ids);
      else expect(after.tank_ids.filter((id) => before.tank_ids.includes(id))).toEqual([]);
      expect(existsSync(sandbox.at(`${name}/key.next`))).toBe(false);
      // Files of the other half do not stay.
      expect(readdirSync(sandbox.at(`${name}/snapshots`)).sort()).toEqual(
        after.tank_ids.toSorted(),
      );
    }
  },
  TEST_TIMEOUT_MS,
);
