import { join, resolve } from "node:path";
import { z } from "zod";
import { type RecoveryView, recoverySchema } from "../../../api/recovery-view.ts";
import { networkUrlOf } from "../../../node/network-url.ts";
import type { NodeOptions } from "../../../node/node-options.ts";
import { Problem } from "../../../platform/errors.ts";
import { prepareDirectory } from "../../../platform/real/data-directory.ts";
import { sleep } from "../../../platform/timers.ts";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import type { DetachedProcess, Host } from "../../host.ts";
import { NodeClient } from "../../node-access/client.ts";
import { type RunningNode, readNodeFile } from "../../node-access/node-lookup.ts";
import { RecoveryProgress, recoveryLines } from "../../output/recovery-lines.ts";
import { LOG_FILE } from "../logs.ts";

const POLL_MS = 20;
/** Timeout of waiting, which may end before the recovery of many tanks; the node continues. */
const PATIENCE_MS = 120_000;
/** A node that has written node.json listens; if it cannot be reached by then, it never will. */
const UNREACHABLE_MS = 5_000;

const healthSchema = z.object({ status: z.string() });
const localSchema = z.object({ api_url: z.string() });

/** A child process that is starting. */
interface Rising {
  readonly child: DetachedProcess;
  readonly directory: string;
  readonly logPath: string;
  /** Offset in the log where this start begins. */
  readonly logStart: number;
}

/**
 * Starts this program again in the background and waits until it is healthy or has ended. A signal
 * stops the start; a second one exits at once.
 */
export async function startDetached(
  context: CliContext,
  { dataDirectory: directory, settings, origins, fork }: NodeOptions,
  json: boolean,
): Promise<void> {
  const { host } = context;
  refuseInContainer(host);
  prepareDirectory(directory);
  const logPath = resolve(host.workingDirectory, settings.logFile ?? join(directory, LOG_FILE));
  const logStart = host.sizeOf(logPath) ?? 0;
  const words = host.commandLine.filter((word) => word !== "-d" && word !== "--detach");
  const child = host.detach([...words, "--log-file", logPath], logPath);
  let ended = false;
  const ignoreSignals = host.onSignal(() => {
    if (ended) host.exit(1);
    ended = true;
    terminate(context, child);
  });
  const rising = { child, directory, logPath, logStart };
  const node = await healthyOrDead(context, rising, () => ended);
  if (ended || node === undefined) {
    await child.exited;
    return;
  }
  ignoreSignals();
  const port = Number(new URL(node.url).port);
  const moved = origins.port.kind === "default" && port !== settings.port;
  const recovery = await recoveryOf(context, node);
  const networkUrl = await networkUrlFor(context, node);
  if (json) {
    const { url, nodeId, pid } = node;
    const network_url = networkUrl ?? null;
    const place = { url, network_url, node_id: nodeId, pid, data_dir: directory, log: logPath };
    context.printJson({ ...place, ...(recovery && { recovery }) });
    return;
  }
  const greeting = `tankd runs in the background (pid ${node.pid}); to stop it: tankd stop`;
  context.print(context.asTyped(greeting));
  if (fork) {
    context.print(
      `Forked: this directory is now node ${node.nodeId}; the log tells what could not be copied.`,
    );
  }
  for (const line of recovery ? recoveryLines(recovery) : []) context.print(line);
  const why = moved ? ` (port ${settings.port} is taken)` : "";
  context.print(`Dashboard:   ${context.paint("bold", `${node.url}/`)}${why}`);
  if (networkUrl !== undefined) context.print(`From others: ${networkUrl}/`);
  context.print(`Log:         ${logPath}`);
}

/** @throws Problem `usage` for the process with which a container ends. */
function refuseInContainer({ pid }: Host): void {
  if (pid !== 1) return;
  throw new Problem(
    "usage",
    "a container ends with its first process, and a node in the background with it; " +
      "without -d, in the foreground: tankd start",
  );
}

function terminate({ host }: CliContext, child: DetachedProcess): void {
  try {
    host.terminate(child.pid);
  } catch {
    // It has exited already.
  }
}

/** The child's progress of recovery; undefined when it does not answer. */
async function recoveryOf(
  { host }: CliContext,
  node: RunningNode,
): Promise<RecoveryView | undefined> {
  const client = new NodeClient(host.network, node.url, undefined);
  const answer = await client.get("/api/recovery").catch(() => undefined);
  return recoverySchema.safeParse(answer).data;
}

/** Where others reach the child; undefined if only this machine does. */
async function networkUrlFor({ host }: CliContext, node: RunningNode): Promise<string | undefined> {
  const client = new NodeClient(host.network, node.url, undefined);
  const answer = await client.get("/api/servers/local").catch(() => undefined);
  const record = localSchema.safeParse(answer).data;
  return record && networkUrlOf(node.url, record.api_url);
}

/** Undefined when a signal has stopped the start. */
async function healthyOrDead(
  context: CliContext,
  rising: Rising,
  isEnded: () => boolean,
): Promise<RunningNode | undefined> {
  const { clock, timers } = context.host;
  const { child, directory } = rising;
  const progress = new RecoveryProgress(context);
  let exitCode: number | undefined;
  void child.exited.then((code) => {
    exitCode = code;
  });
  const deadlineMs = clock.monotonicMs() + PATIENCE_MS;
  let heardMs: number | undefined;
  while (clock.monotonicMs() < deadlineMs) {
    if (isEnded()) return undefined;
    if (exitCode !== undefined) throw new CommandFailure(lastWords(context, rising), exitCode || 1);
    const node = readNodeFile(context.host, directory);
    if (node?.pid === child.pid) {
      const status = await healthOf(context, node);
      if (status === "healthy") return node;
      if (status !== undefined) {
        heardMs = clock.monotonicMs();
        await progress.ask(() => recoveryOf(context, node));
      }
      heardMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - heardMs > UNREACHABLE_MS) throw unreachable(node);
    }
    await sleep(timers, POLL_MS);
  }
  throw new CommandFailure(
    `the node (pid ${child.pid}) still recovers its tanks after ${PATIENCE_MS / 1000} s and ` +
      "continues; see: tankd logs",
    1,
  );
}

/** Undefined when it does not answer. */
async function healthOf(context: CliContext, node: RunningNode): Promise<string | undefined> {
  const client = new NodeClient(context.host.network, node.url, undefined);
  const answer = await client.get("/health").catch(() => undefined);
  return healthSchema.safeParse(answer).data?.status;
}

function unreachable(node: RunningNode): CommandFailure {
  return new CommandFailure(
    `the node runs (pid ${node.pid}) but cannot be reached at ${node.url} from here: ` +
      "is the loopback interface up?",
    1,
  );
}

/** The child's error message. */
function lastWords(context: CliContext, { logPath, logStart }: Rising): string {
  const text = new TextDecoder().decode(context.host.readFrom(logPath, logStart));
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const said = lines.findLast((line) => line.startsWith("tankd: ")) ?? lines.at(-1);
  return said?.replace(/^tankd: /, "") ?? `the node exited without a message; see ${logPath}`;
}
