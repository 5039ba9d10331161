import type { Log } from "../telemetry/log.ts";
import type { Settings } from "./settings.ts";

/** What the real node is made from; everything of the process comes in here. */
export interface NodeOptions {
  readonly settings: Settings;
  /** Whether somebody chose the port. */
  readonly portAskedFor: boolean;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly version: string;
  /** Whether the log is read on a terminal, and in colour. */
  readonly terminal: boolean;
  readonly colours: boolean;
  readonly spawnWorker: () => Worker;
  readonly runShell: (
    command: string,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
  ) => Promise<number | undefined>;
}

export interface StartedNode {
  readonly url: string;
  readonly port: number;
  readonly movedFrom: number | undefined;
  readonly directory: string;
  readonly log: Log;
  stop(): Promise<void>;
}

export async function startNode(_: NodeOptions): Promise<StartedNode> {
  throw new Error("not yet");
}
