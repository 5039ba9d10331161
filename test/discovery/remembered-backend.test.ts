import { expect, test } from "bun:test";
import type { Nomination } from "../../src/discovery/backend.ts";
import { RememberedBackend } from "../../src/discovery/remembered-backend.ts";
import { announcementOf } from "./announcement.ts";

const NODES = ["one", "two"].map((nodeId, index) => ({
  nodeId,
  addresses: [{ host: `10.0.0.${index + 1}`, port: 8000 }],
}));

test("those of earlier runs are named at the start, and again while no hub is found", async () => {
  const heard: Nomination[] = [];
  const backend = new RememberedBackend(NODES);
  await backend.start(announcementOf({ role: "discovering" }), (one) => heard.push(one));
  const all = NODES.map((node) => ({ backend: "remembered", ...node }));
  expect<unknown>(heard.splice(0)).toEqual(all);
  backend.refresh();
  expect(heard.splice(0)).toHaveLength(2);
  for (const role of ["worker", "hub"] as const) {
    backend.update(announcementOf({ role }));
    backend.refresh();
  }
  expect(heard).toEqual([]);
  backend.update(announcementOf({ role: "discovering" }));
  backend.refresh();
  expect(heard.splice(0)).toHaveLength(2);
  await backend.stop();
  backend.refresh();
  expect(heard).toEqual([]);
});
