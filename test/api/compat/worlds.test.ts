import { expect, test } from "bun:test";
import { z } from "zod";
import { clientOf } from "../client.ts";

/** What a Tank World server reads of a world: its own list has these fields, of these kinds. */
const WORLD = z.object({
  world_id: z.string().min(1),
  world_type: z.string(),
  mode_id: z.string(),
  name: z.string(),
  view_mode: z.string(),
  frame_count: z.number().int(),
  paused: z.boolean(),
  persistent: z.boolean(),
  created_at: z.iso.datetime(),
  description: z.string(),
});

test("a Tank World server sees our tanks as worlds", async () => {
  const { ask, node } = clientOf();
  const { status, body } = await ask("/api/worlds");
  expect(status).toBe(200);
  const worlds = z.array(WORLD).parse(body.worlds);
  expect(body.count).toBe(node.hosted.size);
  expect(worlds.map(({ world_id }) => world_id)).toEqual([...node.hosted.keys()]);
  expect(worlds[0]).toMatchObject({ world_type: "tank", paused: false, persistent: true });
});
