import { expect, test } from "bun:test";
import { z } from "zod";
import { Lab } from "./lab.ts";
import { Stranger } from "./stranger.ts";

const problem = z.object({ type: z.string() });

test("a stranger's signature is read: nonsense and forgeries are refused as such", async () => {
  const lab = new Lab(1);
  const node = lab.add("node");
  node.start();
  await lab.run(2_000);
  const stranger = new Stranger(lab);
  const path = "/api/cluster/hello";
  const outcomes = [
    await stranger.say(node, "POST", path, { nonsense: true }),
    await stranger.say(node, "POST", path, {}, { audience: "somebody else" }),
    await stranger.say(node, "POST", "/api/cluster/ping", {}, { unsigned: true }),
  ];
  expect(outcomes.map(({ status, body }) => [status, problem.parse(body).type])).toEqual([
    [400, "urn:tankd:problem:bad_request"],
    [401, "urn:tankd:problem:bad_signature"],
    [401, "urn:tankd:problem:bad_signature"],
  ]);
});

test("a node that lies is believed to be itself: its words are signed anew", async () => {
  const lab = new Lab(1);
  const honest = lab.add("honest");
  const said = new Set<string>();
  const liar = lab.add("liar", {
    lie: (path, body) => {
      said.add(path);
      return typeof body["standing"] === "object" && body["standing"] !== null
        ? { ...body, standing: { ...body["standing"], priority: 7 } }
        : body;
    },
  });
  honest.start();
  liar.start();
  await lab.until("one cluster", 10_000, () => lab.agree([honest, liar]));
  expect(said).toContain("/api/cluster/hello");
  expect(said).toContain("/api/cluster/ping");
  // 7 is below the 100 of everybody else: whoever has the higher id, the liar does not lead.
  expect(lab.hubOf([honest, liar])).toBe(honest);
});
