import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../src/adapters/serf/free-port.ts";
import { formatHostPort } from "../../../src/discovery/addresses.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { run, until } from "../../support/commands.ts";
import { requiredTest } from "../../support/required-test.ts";

/** The program under test beside ours; another version by the environment. */
export const SERF = process.env["SERF_BINARY"] ?? Bun.which("serf");
export const WAIT_MS = 25_000;

/** Why a test with the real program cannot run here. */
export function whyNoSerf(): string | undefined {
  return SERF === null ? "serf is missing (Debian: serf)" : undefined;
}

/** A test with real agents, ended whatever happens. Skipped where there is no serf; not in CI. */
export function serfTest(name: string, body: (agents: Agents) => Promise<void>): void {
  const run = async () => {
    await using agents = new Agents();
    await body(agents);
  };
  requiredTest(name, whyNoSerf(), run, { timeoutMs: 2 * WAIT_MS });
}

export interface SeenMember {
  readonly name: string;
  readonly status: string;
  readonly addr: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AgentOptions {
  readonly tags?: Readonly<Record<string, string>>;
  /** What its RPC asks for. */
  readonly key?: string;
  /** Of an agent that ran before. */
  readonly at?: { readonly rpc: Address; readonly place: Address };
}

/** The ports are free when they are drawn, and nobody holds them until the agent does. */
const STARTS_MAX = 5;

/** A real agent on loopback, driven by the command line that comes with it. */
export class RealAgent {
  readonly rpc: Address;
  readonly place: Address;
  readonly #process: Bun.Subprocess;
  readonly #key: string | undefined;

  private constructor(
    process: Bun.Subprocess,
    at: { readonly rpc: Address; readonly place: Address },
    key: string | undefined,
  ) {
    this.#process = process;
    this.rpc = at.rpc;
    this.place = at.place;
    this.#key = key;
  }

  /** Where somebody else has taken one of its ports meanwhile, it is started on other ones. */
  static async start(name: string, directory: string, options: AgentOptions): Promise<RealAgent> {
    for (let attempt = 1; ; attempt++) {
      const agent = await RealAgent.#spawn(name, directory, options);
      const answers = until(`agent ${name} answers`, WAIT_MS, () => agent.members());
      const isUp = await Promise.race([
        answers.then(() => true),
        agent.#process.exited.then(() => false),
      ]);
      if (isUp) return agent;
      answers.catch(() => {});
      if (options.at !== undefined || attempt === STARTS_MAX) {
        throw new Error(`agent ${name} has ended with exit code ${agent.#process.exitCode}`);
      }
    }
  }

  static async #spawn(
    name: string,
    directory: string,
    { tags = {}, key, at }: AgentOptions,
  ): Promise<RealAgent> {
    const rpc = at?.rpc ?? { host: "127.0.0.1", port: await freePort("127.0.0.1", 0) };
    const place = at?.place ?? { host: "127.0.0.1", port: await freePort("127.0.0.1", 0) };
    const file = join(directory, `${name}.json`);
    writeFileSync(file, JSON.stringify({ tags, ...(key && { rpc_auth: key }) }));
    const options = [
      `-node=${name}`,
      `-bind=${formatHostPort(place)}`,
      `-rpc-addr=${formatHostPort(rpc)}`,
      `-config-file=${file}`,
    ];
    const child = Bun.spawn([SERF ?? "serf", "agent", ...options], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    return new RealAgent(child, { rpc, place }, key);
  }

  async members(): Promise<readonly SeenMember[]> {
    const { members } = JSON.parse(await this.#serf("members", "-format=json"));
    return members;
  }

  /** The tags of a member as this agent sees them. */
  async tagsOf(name: string): Promise<Readonly<Record<string, string>>> {
    return (await this.members()).find((one) => one.name === name)?.tags ?? {};
  }

  async setTag(key: string, value: string): Promise<void> {
    await this.#serf("tags", "-set", `${key}=${value}`);
  }

  async join(other: RealAgent): Promise<void> {
    await this.#serf("join", formatHostPort(other.place));
  }

  async statusOf(name: string, status: string): Promise<void> {
    await until(`${name} is ${status}`, WAIT_MS, async () =>
      (await this.members()).some((one) => one.name === name && one.status === status),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async #serf(command: string, ...more: readonly string[]): Promise<string> {
    const at = [`-rpc-addr=${formatHostPort(this.rpc)}`];
    const key = this.#key === undefined ? [] : [`-rpc-auth=${this.#key}`];
    const said = await run([SERF ?? "serf", command, ...at, ...key, ...more]);
    if (said.exitCode !== 0) throw new Error(`serf ${command}: ${said.stdout}${said.stderr}`);
    return said.stdout;
  }
}

/** Agents of one test. */
export class Agents implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "tankd-serf-"));
  readonly #agents: RealAgent[] = [];
  readonly #endings: (() => Promise<void>)[] = [];

  async start(name: string, options: AgentOptions = {}): Promise<RealAgent> {
    const agent = await RealAgent.start(name, this.#directory, options);
    this.#agents.push(agent);
    return agent;
  }

  /** Agents of one Serf cluster. */
  async cluster(...names: readonly string[]): Promise<RealAgent[]> {
    const agents: RealAgent[] = [];
    for (const name of names) agents.push(await this.start(name));
    const [first, ...others] = agents;
    for (const other of others) if (first) await other.join(first);
    return agents;
  }

  atEnd(task: () => Promise<void>): void {
    this.#endings.push(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#endings.toReversed()) await end();
    await Promise.all(this.#agents.map((agent) => agent.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
