import { resolve } from "node:path";
import type { Command } from "commander";
import type { NodeLife, NodeOptions, StartedNode } from "../../../node/node-options.ts";
import { messageOf } from "../../../platform/errors.ts";
import type { CliContext } from "../../context.ts";
import { defaultDataDirectory } from "../../node-access/directories.ts";
import { addSettingOptions, NODE_SETTINGS } from "../../options.ts";
import { forkLines } from "../../output/fork-lines.ts";
import { RecoveryProgress, recoveryLines } from "../../output/recovery-lines.ts";
import { readClusterSecret } from "../../settings-sources.ts";
import { startDetached } from "./detach.ts";

/** `tankd start [-d]`: runs a node here. */
export function defineStart(start: Command, context: CliContext): void {
  start
    .option("-d, --detach", "run in the background; returns when the node is healthy")
    .option("--fork", "first turn a copied or restored data directory into a new node")
    .action(async (options: { detach?: boolean; fork?: boolean }, command: Command) => {
      const node = { ...nodeOptions(context, command), fork: options.fork === true };
      if (options.detach) {
        return startDetached(context, node, context.wantsJson(command));
      }
      await runInForeground(context, node, context.wantsJson(command));
    });
  addSettingOptions(start, NODE_SETTINGS);
}

function nodeOptions(context: CliContext, command: Command): NodeOptions {
  const { host } = context;
  const { values, origins, faults } = context.settings(command);
  const directory = values.dataDir ?? defaultDataDirectory(host);
  const { secretFile } = values;
  const readSecret =
    secretFile === undefined ? undefined : () => readClusterSecret(host, secretFile);
  // A file that cannot be used is told here, before a process goes into the background.
  readSecret?.();
  return {
    settings: values,
    faults,
    readSecret,
    origins,
    dataDirectory: resolve(host.workingDirectory, directory),
    version: host.build.version,
    pid: host.pid,
    pidNamespace: host.pidNamespace,
    noColor: values.logNoColor || Boolean(host.environment["NO_COLOR"]),
    spawnWorker: host.spawnWorker,
    spawnDisk: host.spawnDisk,
    runShell: host.runShell,
  };
}

/**
 * Runs until a signal arrives, also during the start; a second one exits without the last snapshot.
 */
async function runInForeground(
  context: CliContext,
  options: NodeOptions,
  json: boolean,
): Promise<void> {
  const { host } = context;
  const asked = new AbortController();
  let life: NodeLife | undefined;
  const stop = stopper(context, asked);
  let isHurried = false;
  host.onSignal((signal) => {
    // After Ctrl-C somebody waits for the prompt.
    isHurried = signal === "SIGINT";
    stop();
  });
  // SIGHUP of a closed terminal stops the node in order; that of a supervisor reopens the log.
  host.onHangup(() => (host.isAtTerminal ? stop() : life?.reload()));
  host.onUncaught((error) => {
    // Acknowledged state is on the disk; the state in memory can no longer be trusted.
    life?.log.error("uncaught error", { error: traceOf(error) });
    context.say(`a bug in tankd: ${messageOf(error).replaceAll(/\s+/g, " ")}`);
    life?.retract();
    host.exit(1);
  });
  const progress = new RecoveryProgress(context);
  const node = await startUnless(asked.signal, {
    ...options,
    onProgress: ({ tanks, total }) => progress.show(tanks.length, total),
    onAlive: (alive) => {
      life = alive;
    },
  });
  if (node === undefined) return;
  greet(context, node, json);
  await aborted(asked.signal);
  if (!isHurried) await node.drain();
  await node.stop();
}

/** `timeout` signals a program and then its group: a second signal this soon is a duplicate. */
const REPEATED_MS = 100;

/** The first signal requests an orderly stop, a later one exits at once. */
function stopper(context: CliContext, asked: AbortController): () => void {
  const { host } = context;
  let askedMs = 0;
  return () => {
    const nowMs = host.clock.monotonicMs();
    if (asked.signal.aborted && nowMs - askedMs > REPEATED_MS) host.exit(1);
    if (asked.signal.aborted) return;
    askedMs = nowMs;
    asked.abort();
    if (host.stdout.isTerminal) context.say("stopping; a second Ctrl-C exits at once");
  };
}

/** Undefined when a signal stopped the start. */
async function startUnless(
  signal: AbortSignal,
  options: NodeOptions,
): Promise<StartedNode | undefined> {
  const { startNode } = await import("../../../node/node.ts");
  try {
    return await startNode({ ...options, signal });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A full disk or a missing reader must not stop a node. */
function greet(context: CliContext, node: StartedNode, json: boolean): void {
  try {
    announce(context, node, json);
  } catch (error) {
    context.say(messageOf(error));
  }
}

function announce(context: CliContext, node: StartedNode, json: boolean): void {
  const { build, stdout, pid } = context.host;
  if (node.movedFrom !== undefined) {
    context.say(`port ${node.movedFrom} is taken, so this node listens on ${node.port}`);
  }
  if (json) {
    const { url, networkUrl = null, nodeId, directory } = node;
    const { recovery, forked } = node;
    const place = { url, network_url: networkUrl, node_id: nodeId, pid, data_dir: directory };
    const base = { ...place, recovery };
    context.printJson({ ...base, ...(forked && { forked }) });
    return;
  }
  context.print(`tankd ${build.version} runs on ${node.directory}`);
  for (const line of node.forked ? forkLines(node.forked) : []) context.print(line);
  for (const line of recoveryLines(node.recovery)) context.print(line);
  context.print(`Dashboard:   ${context.paint("bold", `${node.url}/`)}`);
  if (node.networkUrl) context.print(`From others: ${node.networkUrl}/`);
  if (stdout.isTerminal) context.print("Ctrl-C stops it.");
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
