import type { Subprocess } from "bun";
import type { LeaseState } from "../../../src/cluster/membership/lease.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { until } from "../../support/commands.ts";
import { Holder } from "./holders.ts";

const PATIENCE_MS = 60_000;

/** A holder in a process of its own, which can be stopped and go on. */
export class HolderProcess {
  /** The wall clock's part of an instant is the same in all processes. */
  readonly told: LeaseState[] = [];
  readonly #process: Subprocess<"ignore", "pipe", "inherit">;

  constructor(nodeId: string, endpoints: readonly string[]) {
    this.#process = Bun.spawn([process.execPath, import.meta.path, nodeId, ...endpoints], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#read();
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** Waits until the last that it was told is this. */
  async says(isIt: (told: LeaseState) => boolean): Promise<void> {
    await until("the other process is told so", PATIENCE_MS, async () => {
      const last = this.told.at(-1);
      return last !== undefined && isIt(last);
    });
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.told.push(...lines.map((line): LeaseState => JSON.parse(line)));
    }
  }
}

/** The instant of a monotonic time of this process by the wall clock. */
export function wallOf(monotonicMs: number): number {
  return monotonicMs + realClock.wallMs() - realClock.monotonicMs();
}

if (import.meta.main) {
  const [nodeId = "", ...endpoints] = process.argv.slice(2);
  const holder = new Holder(nodeId, endpoints, {
    onState: (state) => {
      process.stdout.write(`${JSON.stringify(state)}\n`);
    },
  });
  holder.lease.want(true);
}
