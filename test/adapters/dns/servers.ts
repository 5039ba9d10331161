import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { DnsQuestions } from "../../../src/adapters/dns/questions.ts";
import { realTimers } from "../../../src/platform/real/timers.ts";
import { until } from "../../support/commands.ts";
import { requiredTest } from "../../support/required-test.ts";

const READY_MS = 20_000;

/** A test with real name servers; where one is missing it is skipped, but in CI it fails. */
export function serverTest(
  name: string,
  programs: readonly string[],
  body: (servers: NameServers) => Promise<void>,
): void {
  const missing = programs.filter((program) => Bun.which(program) === null);
  const without = missing.length > 0 ? `${missing.join(", ")} missing` : undefined;
  requiredTest(name, without, async () => {
    const servers = new NameServers();
    try {
      await body(servers);
    } finally {
      await servers.close();
    }
  });
}

/** Name servers on loopback, at ports of their own, ended with the test. */
export class NameServers {
  readonly #directory = mkdtempSync(join(tmpdir(), "tankd-dns-"));
  readonly #children: Subprocess[] = [];
  readonly #sockets: { close(): void }[] = [];

  /** A file for the test; returns its path. */
  write(name: string, content: string): string {
    const path = join(this.#directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** dnsmasq with these options; `address:port` of it. */
  async dnsmasq(options: readonly string[], port = freePort()): Promise<string> {
    const fixed = [
      "--no-daemon",
      "--conf-file=/dev/null",
      "--no-resolv",
      "--no-hosts",
      "--user=root",
    ];
    const where = [`--port=${port}`, "--listen-address=127.0.0.1", "--bind-interfaces"];
    this.#run(["dnsmasq", ...fixed, ...where, "--local=/test/", ...options]);
    return this.#ready(port);
  }

  /** BIND with these zones, each a list of records; `address:port` of it. */
  async named(zones: Readonly<Record<string, readonly string[]>>): Promise<string> {
    const port = freePort();
    const declared = Object.entries(zones).map(([zone, records]) => {
      if (records.length > 0) this.write(`${zone}.zone`, zoneFile(records));
      return `zone "${zone}" { type primary; file "${zone}.zone"; };`;
    });
    const config = this.write(
      "named.conf",
      `options { directory "${this.#directory}"; listen-on port ${port} { 127.0.0.1; };
        listen-on-v6 { none; }; recursion no; pid-file none; lock-file none; max-udp-size 512;
        session-keyfile "${this.#directory}/session.key"; };
      controls {};
      ${declared.join("\n")}\n`,
    );
    this.#run(["named", "-c", config, "-g"]);
    return this.#ready(port);
  }

  /** Answers each question with these packets, if any. */
  async scripted(answers: (question: Buffer) => readonly Uint8Array[]): Promise<string> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (own, question, port, address) => {
          for (const packet of answers(question)) own.send(packet, port, address);
        },
      },
    });
    this.#sockets.push(socket);
    return `127.0.0.1:${socket.port}`;
  }

  async close(): Promise<void> {
    await this.endAll();
    for (const socket of this.#sockets) socket.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async endAll(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      child.kill("SIGKILL");
      await child.exited;
    }
  }

  #run(command: readonly string[]): void {
    this.#children.push(
      Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }),
    );
  }

  async #ready(port: number): Promise<string> {
    const server = `127.0.0.1:${port}`;
    await until(`a name server answers at port ${port}`, READY_MS, async () => {
      const questions = new DnsQuestions({ timers: realTimers, servers: [server] });
      const answer = await questions.services("ready.test");
      questions.end();
      return answer.kind !== "failed" || !answer.isSilent;
    });
    return server;
  }
}

/** A port of loopback at which nobody listens. */
export function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

function zoneFile(records: readonly string[]): string {
  const head = ["$TTL 60", "@ SOA ns host 1 60 60 60 60", "@ NS ns", "ns A 127.0.0.1"];
  return `${[...head, ...records].join("\n")}\n`;
}
