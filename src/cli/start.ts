import { resolve } from "node:path";
import type { Command } from "commander";
import type { NodeOptions, StartedNode } from "../node/node.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import type { Log } from "../telemetry/log.ts";
import type { CliContext } from "./context.ts";
import { startDetached } from "./detach.ts";
import { defaultDataDirectory } from "./directories.ts";
import { addSettingOptions, NODE_SETTINGS } from "./options.ts";

/** `tankd start [-d]`: runs a node here. */
export function addStart(program: Command, context: CliContext): void {
  const start = program
    .command("start")
    .description("start a node on this machine")
    .option("-d, --detach", "run in the background; returns when the node is healthy")
    .action(async (options: { detach?: boolean }, command: Command) => {
      const node = nodeOptions(context, command);
      if (options.detach) {
        return startDetached(context, node, context.wantsJson(command));
      }
      await runInForeground(context, node, context.wantsJson(command));
    });
  addSettingOptions(start, NODE_SETTINGS);
}

function nodeOptions(context: CliContext, command: Command): NodeOptions {
  const { host } = context;
  const { values, origins } = context.settings(command);
  if (origins.url.kind === "flag") {
    throw new Problem("usage", "start runs a node on this machine; leave --url out");
  }
  const directory = values.dataDir ?? defaultDataDirectory(host);
  return {
    settings: values,
    portAskedFor: origins.port.kind !== "default",
    dataDirectory: resolve(host.workingDirectory, directory),
    version: host.build.version,
    pid: host.pid,
    noColor: values.logNoColor || Boolean(host.environment["NO_COLOR"]),
    spawnWorker: host.spawnWorker,
    runShell: host.runShell,
  };
}

/** Runs until a signal comes; the second one does not wait for the last snapshot. */
async function runInForeground(
  context: CliContext,
  options: NodeOptions,
  json: boolean,
): Promise<void> {
  const { host } = context;
  const asked = Promise.withResolvers<void>();
  let signals = 0;
  host.onSignal(() => {
    signals++;
    if (signals > 1) host.exit(1);
    asked.resolve();
  });
  let log: Log | undefined;
  host.onUncaught((error) => {
    // What was promised is on the disk; what is in memory can no longer be trusted.
    log?.error("uncaught error", { error: traceOf(error) });
    context.say(`a bug in tankd: ${messageOf(error).replaceAll(/\s+/g, " ")}`);
    host.exit(1);
  });
  const { startNode } = await import("../node/node.ts");
  const node = await startNode(options);
  log = node.log;
  announce(context, node, json);
  await asked.promise;
  if (host.stdout.isTerminal) context.say("stopping; a second Ctrl-C ends it at once");
  await node.stop();
}

function announce(context: CliContext, node: StartedNode, json: boolean): void {
  const { build, stdout, pid } = context.host;
  if (node.movedFrom !== undefined) {
    context.say(`port ${node.movedFrom} is taken, so this node listens at ${node.port}`);
  }
  if (json) {
    const { url, nodeId, directory } = node;
    context.printJson({ url, node_id: nodeId, pid, data_dir: directory });
    return;
  }
  context.print(`tankd ${build.version} runs on ${node.directory}`);
  context.print(`Dashboard:   ${context.paint("bold", `${node.url}/`)}`);
  if (node.networkUrl) context.print(`From others: ${node.networkUrl}/`);
  if (stdout.isTerminal) context.print("Ctrl-C stops it.");
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
