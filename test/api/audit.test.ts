import { expect, test } from "bun:test";
import { auditSchema } from "../../src/audit/audit.ts";
import { clientOf } from "./client.ts";

test("whoever sends the token gets an audit that begins now, others one of late", async () => {
  const { ask, node } = clientOf();
  const answer = await ask("/api/audit");
  expect([answer.status, auditSchema.parse(answer.body)]).toEqual([200, node.audited]);
  expect((await ask("/api/audit", { token: true })).status).toBe(200);
  expect(node.audits).toEqual([false, true]);
  const wrong = await ask("/api/audit", { headers: { authorization: "Bearer of-nobody" } });
  expect(wrong.status).toBe(401);
  expect(node.audits).toHaveLength(2);
});
