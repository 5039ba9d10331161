import { checkupSchema } from "../../../cluster/checkup/checkup.ts";
import { messageOf, Problem } from "../../../platform/errors.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { readAnswer } from "../../output/answer.ts";
import { localServerSchema, whyNotReady } from "../status.ts";
import type { RunningFacts } from "./facts.ts";

/** A node's own server record. @throws Problem */
export async function askLocal(node: NodeClient): Promise<RunningFacts["local"]> {
  return readAnswer(localServerSchema, await node.get("/api/servers/local"));
}

/** Its readiness, and the results of its connection tests to others. Never rejects. */
export async function askTheRest(
  node: NodeClient,
  local: RunningFacts["local"],
): Promise<RunningFacts> {
  const [notReady, trial] = await Promise.all([whyNotReady(node), askTrial(node)]);
  return { kind: "running", url: node.url, local, notReady, trial };
}

async function askTrial(node: NodeClient): Promise<RunningFacts["trial"]> {
  try {
    return readAnswer(checkupSchema, await node.post("/api/doctor", {}));
  } catch (error) {
    if (error instanceof Problem) return { failure: error.message };
    return { failure: `the answer cannot be read: ${messageOf(error)}` };
  }
}
