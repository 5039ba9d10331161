import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { statusSchema } from "../support/api.ts";
import { type Finished, run, until } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { complaints, startLocal, tankd } from "./local-node.ts";

setDefaultTimeout(60_000);

const backendSchema = z.object({ name: z.string(), state: z.string(), detail: z.string() });

/** Exactly one line, with the words that tell what to do, and the exit code. */
function expectRefusal(finished: Finished, exitCode: number, ...words: readonly string[]): void {
  const lines = complaints(finished);
  expect(lines).toHaveLength(1);
  for (const word of words) expect(lines[0]).toContain(word);
  expect(finished.exitCode).toBe(exitCode);
}

/** `tankd start` on a directory that nobody may write to, root included. */
function startUnwritable(scratch: Scratch): Promise<Finished> {
  const directory = scratch.path("read-only");
  mkdirSync(directory);
  const start = [TANKD, "start", "--data-dir", `${directory}/data`, ...ALONE];
  const env = cleanEnvironment(scratch.directory);
  if (process.getuid?.() !== 0) {
    chmodSync(directory, 0o555);
    return run(start, { env });
  }
  const script = 'mount -t tmpfs -o ro tmpfs "$1" && shift && exec "$@"';
  return run(["unshare", "--mount", "sh", "-c", script, "sh", directory, ...start], { env });
}

describe("tankd start refuses with one clear line", () => {
  test("a port that was asked for and is taken", async () => {
    using scratch = new Scratch();
    using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const port = String(taken.port);
    const options = ["--host", "127.0.0.1", "--port", port, "--discovery", "none"];
    const data = scratch.path("data");
    expectRefusal(await tankd(scratch, "start", "--data-dir", data, ...options), 1, port);
  });

  test("a data directory that cannot be written", async () => {
    using scratch = new Scratch();
    expectRefusal(await startUnwritable(scratch), 1, "read-only/data");
  });

  test("a data directory below a file", async () => {
    using scratch = new Scratch();
    writeFileSync(scratch.path("file"), "");
    const data = scratch.path("file/data");
    expectRefusal(await tankd(scratch, "start", "--data-dir", data, ...ALONE), 1, data);
  });

  test("a directory that holds something else, and leaves that alone", async () => {
    using scratch = new Scratch();
    mkdirSync(scratch.path("photos"));
    writeFileSync(scratch.path("photos/holiday.jpg"), "jpg");
    const data = scratch.path("photos");
    expectRefusal(await tankd(scratch, "start", "--data-dir", data, ...ALONE), 1, data);
    expect(readdirSync(data)).toEqual(["holiday.jpg"]);
  });

  test("a directory on which a node runs, which goes on", async () => {
    using scratch = new Scratch();
    await using node = await startLocal(scratch);
    const second = await tankd(scratch, "start", "--data-dir", node.directory, ...ALONE);
    expectRefusal(second, 1, node.directory);
    expect(node.isRunning).toBe(true);
    expect((await fetch(`${node.url}/ready`)).ok).toBe(true);
    const status = await tankd(scratch, "status", "--data-dir", node.directory);
    expect(status.exitCode).toBe(0);
  });

  test.each([
    [["--hub", "not a url"], "hub"],
    [["--hub", "ftp://192.0.2.1"], "hub"],
    [["--discovery", "pigeon"], "pigeon"],
    [["--etcd-endpoints", "1.2.3.4.5:99"], "give the URL of an etcd"],
    [["--consul", "::::"], "give the address of a Consul agent"],
    [["--serf-join", ":::"], "give an address or name"],
    [["--static", "10.0.0.256"], "give an address or name"],
    [["--lease", "etcd://10.0.0.256"], "give etcd://HOST"],
    [["--port", "70000"], "70000"],
    [["--role", "boss"], "boss"],
    [["--fish", "-1"], "-1"],
    [["--no-such-option"], "--no-such-option"],
  ])("%j", async (options, word) => {
    using scratch = new Scratch();
    const data = scratch.path("data");
    expectRefusal(await tankd(scratch, "start", "--data-dir", data, ...options), 2, word);
  });
});

test("a hub that cannot be reached is reported, and the node runs alone", async () => {
  using scratch = new Scratch();
  // The discard port: nobody listens there.
  const options = ["--host", "127.0.0.1", "--port", "0", "--discovery", "hub"];
  await using node = await startLocal(scratch, [...options, "--hub", "http://127.0.0.1:9"]);
  await until("the log says so", PROMPTLY_MS, async () => {
    const line = node.logged().find(({ msg }) => msg === "a hub does not answer");
    return line?.level === "warn" && line["address"] === "127.0.0.1:9";
  });
  await until("it is a hub of its own", PROMPTLY_MS, async () => {
    const status = await tankd(scratch, "status", "--json", "--data-dir", node.directory);
    return statusSchema.parse(JSON.parse(status.stdout)).role === "hub";
  });
});

test("backends set wrongly by the environment fail alone, in one line each", async () => {
  using scratch = new Scratch();
  const wrong = {
    DISCOVERY_BACKEND: "static,etcd,consul,serf,zeroconf",
    TANKD_STATIC: "127.0.0.1:9",
    ETCD_ENDPOINTS: "1.2.3.4.5:99",
    CONSUL_HTTP_ADDR: "::::",
    SERF_JOIN: ":::",
  };
  const local = ["--host", "127.0.0.1", "--port", "0"];
  await using node = await startLocal(scratch, local, wrong);
  await until("all have said what is wrong", PROMPTLY_MS, async () => {
    const status = await tankd(scratch, "status", "--json", "--data-dir", node.directory);
    const { backends } = z
      .object({ backends: z.array(backendSchema) })
      .parse(JSON.parse(status.stdout));
    const of = (name: string) => backends.find((one) => one.name === name);
    const line = (name: string) => `${of(name)?.state}: ${of(name)?.detail}`;
    return (
      line("static").startsWith("failed: 127.0.0.1:9 does not answer") &&
      line("etcd").startsWith('failed: etcd_endpoints cannot be "1.2.3.4.5:99" (from ETCD_') &&
      line("consul").startsWith('failed: consul cannot be "::::" (from CONSUL_HTTP_ADDR): give') &&
      line("serf").startsWith('failed: serf_join cannot be ":::" (from SERF_JOIN): give an') &&
      /^failed: discovery cannot be ".*zeroconf" .*: give auto/.test(line("discovery"))
    );
  });
  const said = await run([TANKD, "config", "--file"], {
    env: { ...cleanEnvironment(scratch.directory), ...wrong },
    cwd: scratch.directory,
  });
  expect(said.exitCode).toBe(0);
  expect(complaints(said)).toHaveLength(4);
});

describe("commands say what is wrong", () => {
  test("no node is running: exit 3", async () => {
    using scratch = new Scratch();
    const data = scratch.path("data");
    expectRefusal(await tankd(scratch, "status", "--data-dir", data), 3, "tankd start");
  });

  test("an unknown command: exit 2", async () => {
    using scratch = new Scratch();
    const { exitCode, stdout } = await tankd(scratch, "swim");
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
  });
});

describe("the API answers bad requests with a problem and goes on", () => {
  const problemSchema = z.object({ type: z.string(), title: z.string(), status: z.number() });
  const JSON_TYPE = "application/json";

  interface Bad {
    readonly path: string;
    readonly body: string;
    readonly contentType?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status: number;
    readonly withToken?: boolean;
  }

  const BAD: Readonly<Record<string, Bad>> = {
    "a body that is not JSON": {
      path: "/api/tanks",
      body: "{",
      status: 400,
      withToken: true,
    },
    "a body of the wrong type": {
      path: "/api/tanks",
      body: "name=x",
      contentType: "text/plain",
      status: 415,
      withToken: true,
    },
    "an impossible value": {
      path: "/api/tanks",
      body: '{"name":"x","fish":-1}',
      status: 422,
      withToken: true,
    },
    "an oversized body": {
      path: "/api/tanks",
      body: JSON.stringify({ name: "x".repeat(300_000) }),
      status: 413,
      withToken: true,
    },
    "a change without the token": {
      path: "/api/tanks",
      body: '{"name":"x"}',
      status: 401,
    },
    "a foreign Host": {
      path: "/api/tanks",
      body: '{"name":"x"}',
      headers: { host: "evil.example.com" },
      status: 403,
      withToken: true,
    },
    "an unsigned transfer of nonsense": {
      path: "/api/remote-transfer",
      body: '{"fish":1}',
      status: 400,
    },
    "a registration of nonsense": {
      path: "/api/discovery/register",
      body: '{"server_id":1}',
      status: 400,
    },
  };

  test("each kind", async () => {
    using scratch = new Scratch();
    await using node = await startLocal(scratch);
    const answers: Record<string, number> = {};
    for (const [name, bad] of Object.entries(BAD)) {
      const response = await fetch(node.url + bad.path, {
        method: "POST",
        body: bad.body,
        headers: {
          "content-type": bad.contentType ?? JSON_TYPE,
          ...(bad.withToken ? { authorization: `Bearer ${node.token}` } : {}),
          ...bad.headers,
        },
      });
      answers[name] = response.status;
      const problem = problemSchema.parse(await response.json());
      expect(problem.status).toBe(response.status);
    }
    expect(answers).toEqual(
      Object.fromEntries(Object.entries(BAD).map(([name, { status }]) => [name, status])),
    );
    expect((await fetch(`${node.url}/ready`)).ok).toBe(true);
  });
});
