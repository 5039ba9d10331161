import { z } from "zod";
import {
  type Ended,
  type LogLine,
  NodeProcess,
  type NodeStart,
  readLogLine,
} from "../support/node-process.ts";
import { ALONE, PROMPTLY_MS } from "../support/tankd.ts";

/** The event "node starting". */
const announcementSchema = z.looseObject({ url: z.string() });

interface Listener {
  hear(line: LogLine): void;
  /** Nothing more will be said. */
  end(): void;
}

/** One life of a lone node, with everything that it says while it says it. */
export class Node extends NodeProcess {
  readonly lines: LogLine[] = [];
  /** What it says on stderr to people: everything that is no log line. */
  readonly complaints: string[] = [];
  /** Resolves with the API's address when it is healthy; rejects when it ends before. */
  readonly healthy: Promise<string>;
  readonly #listened: Promise<void>;
  readonly #listeners = new Set<Listener>();
  #quiet = false;

  /** `options` come after those that keep the node to itself. */
  constructor({ options = [], environment, ...start }: Omit<NodeStart, "log">) {
    super({
      ...start,
      options: [...ALONE, ...options],
      environment: { HOME: "/", LOG_FORMAT: "json", LOG_LEVEL: "debug", ...environment },
      log: "pipe",
    });
    this.#listened = this.#listen();
    this.healthy = this.#announced();
    // Whoever wants to know awaits it; a node that is to be killed may never become healthy.
    this.healthy.catch(() => {});
  }

  /** Resolves when the process is gone and all that it said is here. */
  override get ended(): Promise<Ended> {
    return this.#listened.then(() => super.ended);
  }

  override async stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM"): Promise<Ended> {
    return this.#inTime("the node stops", super.stop(signal));
  }

  /** The first line of this event, said already or later; rejects when none will come. */
  async hear(msg: string): Promise<LogLine> {
    return this.lines.find((line) => line.msg === msg) ?? this.hearNext(msg);
  }

  /** The next line of this event from now on; rejects when none will come. */
  hearNext(msg: string): Promise<LogLine> {
    const isIt = (line: LogLine) => line.msg === msg;
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const listener: Listener = {
      hear: (line) => {
        if (!isIt(line)) return;
        this.#listeners.delete(listener);
        resolve(line);
      },
      end: () => reject(new Error(`the node ended without saying "${msg}"\n${this.tail()}`)),
    };
    if (this.#quiet) listener.end();
    else this.#listeners.add(listener);
    return this.#inTime(`the node says "${msg}"`, promise);
  }

  said(msg: string): readonly LogLine[] {
    return this.lines.filter((line) => line.msg === msg);
  }

  /** The end of what it said, for the message of a failing test. */
  tail(lines = 25): string {
    const said = this.lines.slice(-lines).map((line) => JSON.stringify(line));
    return [...said, ...this.complaints.slice(-lines)].join("\n");
  }

  async #listen(): Promise<void> {
    for await (const text of textLines(this.stderr)) {
      const line = readLogLine(text);
      if (line === undefined) this.complaints.push(text);
      else {
        this.lines.push(line);
        for (const listener of [...this.#listeners]) listener.hear(line);
      }
    }
    this.#quiet = true;
    for (const listener of this.#listeners) listener.end();
  }

  async #announced(): Promise<string> {
    const { url } = announcementSchema.parse(await this.hear("node starting"));
    await this.hear("node healthy");
    return url;
  }

  /** A bound on failure; nothing is measured with it. */
  #inTime<T>(what: string, work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`not within ${PROMPTLY_MS / 1000} s: ${what}\n${this.tail()}`)),
      PROMPTLY_MS,
    );
    return Promise.race([work, promise]).finally(() => clearTimeout(timer));
  }
}

async function* textLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "") yield rest;
}
