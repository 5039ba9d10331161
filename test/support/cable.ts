import { join } from "node:path";
import type { Subprocess } from "bun";

/** What a bad cable does to frames, in each direction. */
export interface CableQuality {
  /** Of one way. */
  readonly delayMs: number;
  /** Up to so much more, drawn for each frame: frames overtake each other. */
  readonly jitterMs: number;
  /** Shares of the frames, 0 to 1. */
  readonly loss: number;
  readonly duplicate: number;
}

const SCRIPT = join(import.meta.dir, "cable.py");

/** Why there can be no bad cables here; undefined when there can. */
export function whyNoCables(): string | undefined {
  return Bun.which("python3") === null ? "python3 is missing (Debian: python3)" : undefined;
}

/** A cable between two cards of a namespace; see cable.py. It ends with the test run. */
export class Cable {
  readonly #process: Subprocess<"pipe", "pipe", "inherit">;

  private constructor(process: Subprocess<"pipe", "pipe", "inherit">) {
    this.#process = process;
  }

  static async between(
    namespace: string,
    cards: readonly [string, string],
    seed: number,
  ): Promise<Cable> {
    const python = ["python3", SCRIPT, ...cards, String(seed)];
    const child = Bun.spawn(["ip", "netns", "exec", namespace, ...python], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await child.stdout.getReader().read();
    if (value === undefined) throw new Error(`the cable between ${cards.join(", ")} is broken`);
    return new Cable(child);
  }

  async set({ delayMs, jitterMs, loss, duplicate }: CableQuality): Promise<void> {
    const line = { delay_ms: delayMs, jitter_ms: jitterMs, loss, duplicate };
    this.#process.stdin.write(`${JSON.stringify(line)}\n`);
    await this.#process.stdin.flush();
  }

  async remove(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
