import type { Command } from "commander";
import { type AuditResult, auditSchema } from "../../audit/audit.ts";
import type { CliContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { readAnswer } from "../output/answer.ts";
import { ago, count } from "../output/words.ts";

const NOT_FINE = 1;
/** A node that does not answer takes its whole timeout, and others may be asked after it. */
const TIMEOUT_MS = 60_000;
/** A result that is older was not made for this call. */
const OLD_MS = 1_000;

/** `tankd audit`: whether each fish of the cluster is in exactly one place. */
export function defineAudit(audit: Command, context: CliContext): void {
  audit
    .addHelpText(
      "after",
      `
Compares the ledger of each tank with its transfers, the two ends of each pair of tanks, and the
places of every fish. Nothing is stopped for it.
Exit codes: 0 when every node has answered and nothing is wrong, 1 otherwise.`,
    )
    .action(async (_options: unknown, command: Command) => {
      const node = await context.node(command);
      const body = await node.getWithToken("/api/audit", TIMEOUT_MS);
      const result = readAnswer(auditSchema, body);
      if (context.wantsJson(command)) context.printJson(body);
      else context.print(describe(context, result));
      if (!result.ok) throw new CommandFailure(verdictOf(result), NOT_FINE);
    });
}

function verdictOf({ missing, double, complete }: AuditResult): string {
  const sum = (list: AuditResult["missing"]) => list.reduce((all, one) => all + one.count, 0);
  const found = [
    ...(missing.length > 0 ? [`${sum(missing)} missing`] : []),
    ...(double.length > 0 ? [`${sum(double)} double`] : []),
    ...(complete ? [] : ["incomplete"]),
  ];
  return `the audit is not fine: ${found.join(", ")}`;
}

function describe(context: CliContext, result: AuditResult): string {
  const { host } = context;
  const lines = [
    ...result.missing.map(({ what }) => `${context.paint("red", "missing")}     ${what}`),
    ...result.double.map(({ what }) => `${context.paint("red", "double")}      ${what}`),
    ...result.unreachable.map(({ server_id, reason }) => {
      return `${context.paint("yellow", "incomplete")}  ${server_id} was not asked: ${reason}`;
    }),
    ...result.unsettled.map((what) => `${context.paint("yellow", "incomplete")}  ${what}`),
    ...result.notes.map((what) => `note        ${what}`),
  ];
  if (result.ok) lines.push(`${context.paint("green", "fine")}        each fish is in one place`);
  const { tanks, nodes, alive, in_escrow, pairs, at, duration_ms } = result;
  lines.push(
    `${count(alive, "fish", "fish")} alive in ${count(tanks, "tank")} of ` +
      `${count(nodes, "node")}, ${in_escrow} in escrow; ${count(pairs, "pair")} of tanks ` +
      `compared, ${duration_ms} ms`,
  );
  const now = host.clock.wallMs();
  if (now - Date.parse(at) - duration_ms > OLD_MS) lines.push(`As of ${ago(at, now)}.`);
  return lines.join("\n");
}
