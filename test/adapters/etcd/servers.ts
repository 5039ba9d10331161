import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { run, until } from "../../support/commands.ts";
import { requiredTest } from "../../support/required-test.ts";

/** The etcd that the tests start; that of Debian unless another one is named. */
const ETCD = process.env["TANKD_TEST_ETCD"] ?? Bun.which("etcd");
const ETCDCTL = Bun.which("etcdctl");
export const START_MS = 30_000;

/** What all members are started with beside what makes them a cluster. */
export interface ServerOptions {
  readonly members?: number;
  readonly arguments?: readonly string[];
  readonly scheme?: "http" | "https";
  readonly binary?: string;
}

/** One member of an etcd, which can be ended and started again on its directory. */
export class Member {
  readonly origin: string;
  readonly directory: string;
  readonly #command: readonly string[];
  #process: Subprocess | undefined;

  constructor(origin: string, directory: string, command: readonly string[]) {
    this.origin = origin;
    this.directory = directory;
    this.#command = command;
  }

  start(): void {
    this.#process = Bun.spawn([...this.#command], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: Bun.file(`${this.directory}.log`),
      env: { PATH: process.env["PATH"] ?? "" },
    });
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }
}

/** An etcd of its own on loopback, with all that belongs to it in a temporary directory. */
export class EtcdServers {
  readonly members: readonly Member[];
  readonly directory: string;

  private constructor(members: readonly Member[], directory: string) {
    this.members = members;
    this.directory = directory;
  }

  static whyNot(): string | undefined {
    const missing = [ETCD ? [] : "etcd", ETCDCTL ? [] : "etcdctl"].flat();
    return missing.length > 0 ? `${missing.join(" and ")} missing` : undefined;
  }

  static async start(options: ServerOptions = {}): Promise<EtcdServers> {
    const { members: count = 1, scheme = "http", binary = ETCD ?? "etcd" } = options;
    const directory = mkdtempSync(join(tmpdir(), "tankd-etcd-"));
    const ports = await freePorts(2 * count);
    const names = Array.from({ length: count }, (_, at) => `m${at}`);
    const peerUrl = (at: number) => `http://127.0.0.1:${ports[count + at]}`;
    const cluster = names.map((name, at) => `${name}=${peerUrl(at)}`).join(",");
    const members = names.map((name, at) => {
      const origin = `${scheme}://127.0.0.1:${ports[at]}`;
      const data = join(directory, name);
      const own = ["--name", name, "--data-dir", data, "--initial-cluster", cluster];
      const clients = ["--listen-client-urls", origin, "--advertise-client-urls", origin];
      const peers = ["--listen-peer-urls", peerUrl(at)];
      const told = ["--initial-advertise-peer-urls", peerUrl(at)];
      const rest = options.arguments ?? [];
      const command = [binary, ...own, ...clients, ...peers, ...told, ...rest];
      return new Member(origin, data, command);
    });
    const servers = new EtcdServers(members, directory);
    for (const member of members) member.start();
    return servers;
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ origin }) => origin);
  }

  member(at: number): Member {
    const member = this.members[at];
    if (member === undefined) throw new Error(`there is no member ${at}`);
    return member;
  }

  /** What etcdctl says, of the first member or others. */
  async ctl(command: readonly string[], endpoints = this.endpoints): Promise<string> {
    const env = { PATH: process.env["PATH"] ?? "", ETCDCTL_API: "3" };
    const at = `--endpoints=${endpoints.join(",")}`;
    const { exitCode, stdout, stderr } = await run([ETCDCTL ?? "etcdctl", at, ...command], { env });
    if (exitCode !== 0) throw new Error(`etcdctl ${command.join(" ")}: ${stderr.trim()}`);
    return stdout.trim();
  }

  /** Until some member takes writes; `flags` of etcdctl where it needs some. */
  async ready(flags: readonly string[] = []): Promise<void> {
    await until("etcd takes writes", START_MS, async () => {
      await this.ctl([...flags, "put", "ready", "yes"]);
      return true;
    });
  }

  async leader(): Promise<Member> {
    return until("etcd has a leader", START_MS, async () => {
      for (const member of this.members) {
        const said = await this.ctl(["endpoint", "status", "-w", "json"], [member.origin]);
        const [{ Status: status }] = JSON.parse(said);
        if (status.leader === status.header.member_id) return member;
      }
      return undefined;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const TEST_MS = 120_000;

/**
 * A test with an etcd of its own. Where there is none, or `without` says what else is missing, it
 * is skipped, but in CI it must run.
 */
export function etcdTest(
  name: string,
  options: ServerOptions,
  body: (servers: EtcdServers) => Promise<void>,
  without?: string,
): void {
  requiredTest(
    name,
    EtcdServers.whyNot() ?? without,
    async () => {
      const servers = await EtcdServers.start(options);
      try {
        if (options.scheme !== "https") await servers.ready();
        await body(servers);
      } finally {
        await servers.close();
      }
    },
    // Most of them wait for leases to end, each in an etcd of its own.
    { isConcurrent: true, timeoutMs: TEST_MS },
  );
}

/**
 * Below those that systems give to outgoing connections, and each once for this process: between
 * being found free and being listened at nothing else takes one.
 */
let nextPort = 10_000 + ((process.pid * 31) % 20_000);

/** Ports that nobody listens at. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = nextPort++;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
