import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ALONE } from "../ops/local-node.ts";
import { cleanEnvironment, type Ended, PROMPTLY_MS, TankdProcess } from "../support/tankd.ts";

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof lineSchema>;

/** The event "node starting". */
const announcementSchema = z.looseObject({ url: z.string() });

export interface StartOptions {
  readonly directory: string;
  /** Where the test sees the directory, when it lies in another mount namespace. */
  readonly seen?: string;
  /** After those that keep the node to itself. */
  readonly options?: readonly string[];
  /**
   * What runs the program, e.g. `nsenter …`. It must become the program (exec), so that signals
   * reach it.
   */
  readonly under?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Listener {
  hear(line: LogLine): void;
  /** Nothing more will be said. */
  end(): void;
}

/** One life of the real program on a data directory, with everything that it says. */
export class Node {
  /** As the test sees it. */
  readonly directory: string;
  readonly lines: LogLine[] = [];
  /** What it says on stderr to people: everything that is no log line. */
  readonly complaints: string[] = [];
  /** Resolves when the process is gone and all that it said is here. */
  readonly ended: Promise<Ended>;
  /** Resolves with the API's address when it is healthy; rejects when it ends before. */
  readonly healthy: Promise<string>;
  readonly #process: TankdProcess;
  readonly #listeners = new Set<Listener>();
  #quiet = false;

  constructor(start: StartOptions) {
    const { directory, options = [], under = [], environment = {} } = start;
    this.directory = start.seen ?? directory;
    const logging = { LOG_FORMAT: "json", LOG_LEVEL: "debug" };
    this.#process = new TankdProcess({
      dataDirectory: directory,
      options: [...ALONE, ...options],
      under,
      environment: { ...cleanEnvironment("/"), ...logging, ...environment },
      stderr: "pipe",
    });
    const listened = this.#listen();
    this.healthy = this.#announced();
    // Whoever wants to know awaits it; a node that is to be killed may never become healthy.
    this.healthy.catch(() => {});
    this.ended = listened.then(() => this.#process.ended);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  signal(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void {
    this.#process.signal(signal);
  }

  /** Power cut for the process. Resolves when it is gone. */
  async crash(): Promise<Ended> {
    this.signal("SIGKILL");
    return this.ended;
  }

  async stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return this.#inTime("the node stops", this.ended);
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

  get token(): string {
    return readFileSync(join(this.directory, "token"), "utf8").trim();
  }

  /** The end of what it said, for the message of a failing test. */
  tail(lines = 25): string {
    const said = this.lines.slice(-lines).map((line) => JSON.stringify(line));
    return [...said, ...this.complaints.slice(-lines)].join("\n");
  }

  async #listen(): Promise<void> {
    for await (const text of textLines(this.#process.stderr)) {
      const line = readLine(text);
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

function readLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    // Cut off by the end of the process.
    return undefined;
  }
}
