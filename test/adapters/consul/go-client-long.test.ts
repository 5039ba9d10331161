import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { readAgentAddress } from "../../../src/adapters/consul/address.ts";
import { ConsulAgent } from "../../../src/adapters/consul/agent.ts";
import { createConsulLease } from "../../../src/adapters/consul/create-lease.ts";
import { register } from "../../../src/adapters/consul/service.ts";
import type { LeaseState } from "../../../src/cluster/membership/lease.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { serveDouble } from "./double/reach.ts";
import { ConsulDouble } from "./double.ts";

/**
 * Consul's own client in Go against the double: what the other tests lean on answers as that client
 * expects. Needs Go and its module proxy.
 */
const PROGRAM = new URL("./go-client/", import.meta.url).pathname;
const GO = Bun.which("go") ?? Bun.which("go", { PATH: "/usr/local/go/bin" });
const BUILD_MS = 600_000;

const directory = mkdtempSync(`${tmpdir()}/tankd-consul-`);
const binary = `${directory}/client`;
const platform = createRealPlatform();
const double = new ConsulDouble(platform);
const { address, stop } = serveDouble(double);

afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

function textOf(stream: ReadableStream): Promise<string> {
  return new Response(stream).text();
}

async function run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn([...command], {
    cwd: PROGRAM,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { status: await child.exited, out, err };
}

const client = (...words: readonly string[]) =>
  run([binary, ...words], { CONSUL_HTTP_ADDR: address });

if (GO === null) {
  test.skip("Consul's client in Go (skipped: no go on the PATH)", () => {});
} else {
  beforeAll(async () => {
    const built = await run([GO, "build", "-o", binary, "."]);
    if (built.status !== 0) throw new Error(built.err);
  }, BUILD_MS);

  test("Consul's client in Go finds in the double what it expects of an agent", async () => {
    const { out, status } = await client();
    expect(out.split("\n").filter((line) => !line.startsWith("ok "))).toEqual([""]);
    expect(status).toBe(0);
  }, 60_000);

  test("Consul's client reads what we register", async () => {
    const place = readAgentAddress(address);
    if (!place) throw new Error(address);
    const agent = new ConsulAgent({ address: place, token: undefined });
    await register(agent, announcementOf({ role: "hub" }));
    const { out } = await client("service", "tankd");
    expect(JSON.parse(out)).toEqual({
      ID: "tankd-abcdefghij234567klmn",
      Address: "10.0.0.1",
      Port: 8000,
      Tags: ["cluster-tankd", "hub"],
      Meta: expect.objectContaining({ id: "abcdefghij234567klmn", addr: "10.0.0.1:8000" }),
    });
  });

  test("Consul's client and our lease exclude each other", async () => {
    const options = { ...platform, cluster: "tankd", token: undefined };
    const lease = createConsulLease(`consul://${address}/go/shared`, options);
    const states: LeaseState[] = [];
    lease.start("ours", (state) => void states.push(state));
    lease.want(true);
    await until(() => states.at(-1)?.kind === "held");
    expect((await client("acquire", "go/shared")).out).toBe("false\n");
    lease.want(false);
    await until(() => states.at(-1)?.kind === "free");
    expect((await client("acquire", "go/shared")).out).toBe("true\n");
    lease.want(true);
    await until(() => states.at(-1)?.kind === "taken");
    expect(states.at(-1)).toMatchObject({ holder: expect.stringContaining("somebody else") });
    await lease.stop();
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
