import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import * as api from "./api.ts";
import { type Finished, run, until } from "./commands.ts";
import { NodeApi } from "./node-api.ts";
import { NodeProcess } from "./node-process.ts";
import { cleanEnvironment, PROMPTLY_MS, TANKD } from "./tankd.ts";

/** A disk in a mount namespace of its own. */
export interface NodeDisk {
  /** Where it is mounted, as programs inside see it. */
  readonly path: string;
  /** What a command line begins with to run inside; the program takes its place. */
  readonly under: readonly string[];
  /** A path inside, as the test sees it. */
  seen(path: string): string;
}

/** Where a node runs, and where it is seen from. */
export interface Place {
  readonly number: number;
  readonly namespace: string;
  readonly address: string;
  /** The unix socket of the process that passes requests on (window.ts). */
  readonly window: string;
  /** Of the lab: data directories and logs lie in it. */
  readonly directory: string;
  readonly binary?: string;
  /** What its data directory lies on, if not on the machine's disk. */
  readonly disk?: NodeDisk;
}

const API_PORT = 8000;

/** One machine with one tankd: the lives of the real program in a network namespace. */
export class Node {
  readonly number: number;
  readonly dataDirectory: string;
  readonly api: NodeApi;
  /** The unix socket of the process that passes requests on (window.ts). */
  readonly window: string;
  /** IP literal under which the switch reaches it; the lab changes it with the machine's. */
  address: string;
  /** Where it is asked to listen, if not at the default. */
  port = API_PORT;
  readonly #namespace: string;
  readonly #disk: NodeDisk | undefined;
  readonly #logFile: string;
  /** The program of its next start. */
  binary: string;
  #process: NodeProcess | undefined;

  constructor(at: Place) {
    this.number = at.number;
    this.address = at.address;
    this.#disk = at.disk;
    this.dataDirectory = join(at.disk?.path ?? at.directory, `node-${at.number}`);
    this.#namespace = at.namespace;
    this.window = at.window;
    this.api = new NodeApi(this);
    this.#logFile = join(at.directory, `node-${at.number}.log`);
    this.binary = at.binary ?? TANKD;
  }

  /** Starts tankd in the foreground with nothing but its data directory, and what is given. */
  start(options: readonly string[] = [], environment: Record<string, string> = {}): void {
    this.#process = new NodeProcess({
      directory: this.dataDirectory,
      seen: this.#disk?.seen(this.dataDirectory) ?? this.dataDirectory,
      options,
      environment: { LOG_LEVEL: "debug", ...environment },
      program: [this.binary],
      under: this.#inside([]),
      log: this.#logFile,
    });
  }

  get process(): NodeProcess {
    if (this.#process === undefined) throw new Error(`node ${this.number} was never started`);
    return this.#process;
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** Until it answers. */
  async ready(): Promise<this> {
    await until(`node ${this.number} answers`, PROMPTLY_MS, async () => {
      if (!this.isRunning) throw new Error("tankd has exited");
      return (await this.api.fetch("GET", "/ready")).ok;
    });
    return this;
  }

  /** Until it is up, whether it can do its work or not. */
  async alive(): Promise<this> {
    await until(`node ${this.number} is up`, PROMPTLY_MS, async () => {
      if (!this.isRunning) throw new Error("tankd has exited");
      const { status } = await this.get("/health", api.healthSchema);
      return status === "healthy";
    });
    return this;
  }

  /** Why it is fenced; undefined while it is not. */
  async fencedBecause(): Promise<string | undefined> {
    const response = await this.api.fetch("GET", "/ready?verbose");
    const { checks } = api.readinessSchema.parse(await response.json());
    const directory = checks.find(({ name }) => name === "directory");
    return directory?.ok === false ? directory.detail : undefined;
  }

  /** Power cut: no chance to say goodbye. Resolves when the process is gone. */
  async crash(): Promise<void> {
    await this.#process?.crash();
  }

  /** Asks it to stop and returns its exit code; null when a signal ended it. */
  async stop(): Promise<number | null> {
    this.process.signal("SIGTERM");
    await until(`node ${this.number} stops`, PROMPTLY_MS, async () => !this.isRunning);
    return (await this.process.ended).exitCode;
  }

  /** Runs any command on this machine. */
  exec(command: readonly string[], cwd: string): Promise<Finished> {
    return run(this.#inside(command), { cwd, env: this.#environment() });
  }

  /** `tankd …` on this machine, with this node's data directory. */
  cli(...words: readonly string[]): Promise<Finished> {
    return run(this.#inside([this.binary, ...words, "--data-dir", this.dataDirectory]), {
      env: this.#environment(),
    });
  }

  /** A `--json` command that must succeed, read by its schema. */
  async cliJson<T>(schema: z.ZodType<T>, ...words: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.cli(...words, "--json");
    if (exitCode !== 0) throw new Error(`tankd ${words.join(" ")}: exit ${exitCode}: ${stderr}`);
    return schema.parse(JSON.parse(stdout));
  }

  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.api.get(path, schema);
  }

  /** A request with headers of one's own, as a stranger may send it; any answer is one. */
  post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    return this.api.fetch("POST", path, body, headers);
  }

  /** A change, with this node's control token. */
  change(method: "POST" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    return this.api.change(method, path, body);
  }

  /** What it says of itself. */
  local(): Promise<z.infer<typeof api.localSchema>> {
    return this.get("/api/servers/local", api.localSchema);
  }

  async servers(): Promise<readonly api.Server[]> {
    return (await this.get("/api/discovery/servers", api.serversSchema)).servers;
  }

  async tanks(): Promise<readonly api.Tank[]> {
    return (await this.get("/api/tanks", api.tanksSchema)).tanks;
  }

  async tankId(): Promise<string> {
    const [first] = await this.tanks();
    if (first === undefined) throw new Error(`node ${this.number} has no tank`);
    return first.tank.tank_id;
  }

  async transfers(): Promise<readonly api.Transfer[]> {
    return (await this.get("/api/transfers?limit=1000", api.transfersSchema)).transfers;
  }

  async fishIds(): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const { tank } of await this.tanks()) {
      const { fish } = await this.get(`/api/tanks/${tank.tank_id}/fish`, api.fishSchema);
      ids.push(...fish.map(({ fish_id }) => fish_id));
    }
    return ids;
  }

  get nodeId(): string {
    return this.process.nodeId;
  }

  /** For control. */
  get token(): string {
    return this.process.token;
  }

  get url(): string {
    return `http://${this.authority}`;
  }

  /** Host and port, as they are dialled. */
  get authority(): string {
    const host = this.address.includes(":") ? `[${this.address}]` : this.address;
    return `${host}:${this.port}`;
  }

  /** Whether it has logged this event in any of its runs. */
  async hasLogged(event: string): Promise<boolean> {
    return readFileSync(this.#logFile, "utf8").includes(`"msg":"${event}"`);
  }

  /** The end of what it logged, for the message of a failing test. */
  logTail(lines = 40): string {
    if (!existsSync(this.#logFile)) return "(never started)";
    const log = readFileSync(this.#logFile, "utf8").trimEnd().split("\n");
    return log.slice(-lines).join("\n");
  }

  #inside(command: readonly string[]): string[] {
    const under = this.#disk?.under ?? [];
    return ["ip", "netns", "exec", this.#namespace, ...under, ...command];
  }

  #environment(): Record<string, string> {
    return cleanEnvironment(this.dataDirectory);
  }
}
