import type { AuditResult } from "../../src/audit/audit.ts";
import type { Core } from "../../src/node/core.ts";
import { auditBy, type Finding } from "./checks.ts";
import type { SimulatedCluster } from "./cluster.ts";

/** Of which one has to be whole: fish may keep moving through a single one. */
const TRIES = 3;

/**
 * What is wrong with the audits of a cluster whose nodes all run, fish on the way or not: by every
 * node of the present build they are fine, and incomplete just for those of the earlier one.
 */
export async function auditFindings(cluster: SimulatedCluster, when: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const earlier = cluster.nodes.filter(({ version }) => version === "earlier");
  const expected = earlier.map(({ name }) => name).sort();
  for (const { name, running, version } of cluster.nodes) {
    if (!running || version === "earlier") continue;
    const why = await faultAfterTries(cluster, running, expected);
    if (why !== undefined) findings.push(`${when}, the audit by ${name}: ${why}`);
  }
  return findings;
}

async function faultAfterTries(
  cluster: SimulatedCluster,
  core: Core,
  expected: readonly string[],
): Promise<string | undefined> {
  for (let left = TRIES; ; left--) {
    const result = await auditBy(cluster, core);
    const fault = result ? faultOf(result, expected) : "it has no end";
    const mayTryAgain = left > 1 && result?.missing.length === 0 && result.double.length === 0;
    if (fault === undefined || !mayTryAgain) return fault;
  }
}

function faultOf(result: AuditResult, expected: readonly string[]): string | undefined {
  const [first] = [...result.missing, ...result.double];
  if (first) {
    return `${result.missing.length} missing, ${result.double.length} double; ${first.what}`;
  }
  const silent = result.unreachable.map(({ server_id }) => server_id).sort();
  if (silent.join() !== expected.join()) return `without ${silent.join(", ")}`;
  const isFine = result.ok && result.complete;
  if (isFine === (expected.length === 0)) return undefined;
  const { unsettled, notes, in_escrow } = result;
  return `complete is ${result.complete}: ${JSON.stringify({ unsettled, notes, in_escrow })}`;
}
