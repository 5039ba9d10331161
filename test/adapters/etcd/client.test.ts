import { describe, expect, test } from "bun:test";
import type { EtcdAccess } from "../../../src/adapters/etcd/access.ts";
import { EtcdClient } from "../../../src/adapters/etcd/client.ts";
import { Double, HEADER, json, silence } from "./double.ts";
import { freePorts } from "./servers.ts";

const ATTEMPT_MS = 1_000;

function ask(endpoints: readonly string[], more: Partial<EtcdAccess> = {}) {
  const access = { endpoints, namedBy: "ETCD_ENDPOINTS", keys: "/tankd/", ...more };
  return new EtcdClient(access, ATTEMPT_MS).ask("/v3/kv/range", { key: "aw==" });
}

/** What people are told of an answer. */
async function told(answer: () => Response | Promise<Response>): Promise<string> {
  await using double = new Double(answer);
  const failure = await ask([double.origin]).then(
    () => "no failure",
    (error: Error) => error.message,
  );
  return failure.replaceAll(double.origin, "URL");
}

async function nobody(): Promise<string> {
  const [port] = await freePorts(1);
  return `http://127.0.0.1:${port}`;
}

const NO_LEADER = "has no leader: more than half of its members must run and reach each other";
const NO_ETCD =
  "does not answer like etcd 3.4 or later: " +
  "correct ETCD_ENDPOINTS, or let it run with --enable-grpc-gateway=true";

describe("what people are told of an etcd that does not do what it should", () => {
  test.each<readonly [string, () => Response | Promise<Response>]>([
    [NO_ETCD, () => new Response("<html>Bad gateway</html>", { status: 502 })],
    [NO_ETCD, () => new Response("<html>Log in</html>")],
    [NO_ETCD, () => new Response("404 page not found\n", { status: 404 })],
    [NO_ETCD, () => json({ code: 5, message: "Not Found" }, 404)],
    [NO_ETCD, () => json({ message: "welcome" })],
    [NO_ETCD, () => json([])],
    [NO_ETCD, () => json("etcd")],
    [
      NO_ETCD,
      () => new Response("", { headers: { location: "http://127.0.0.1:1/" }, status: 307 }),
    ],
    [
      "wants https: write https:// before its address in ETCD_ENDPOINTS",
      () => new Response("Client sent an HTTP request to an HTTPS server.\n", { status: 400 }),
    ],
    [
      "requires a user: set TANKD_ETCD_USER and TANKD_ETCD_PASSWORD",
      () =>
        json(
          {
            error: "etcdserver: user name is empty",
            message: "etcdserver: user name is empty",
            code: 3,
          },
          400,
        ),
    ],
    [
      "keeps tankd from its keys: grant a role with readwrite on /tankd/ and what follows",
      () => json({ code: 7, message: "etcdserver: permission denied" }, 403),
    ],
    [
      'takes no writes, as its database is full: see "etcdctl alarm list"',
      () => json({ code: 8, message: "etcdserver: mvcc: database space exceeded" }, 429),
    ],
    [
      NO_LEADER,
      () =>
        json({ error: { grpc_code: 14, http_code: 503, message: "etcdserver: no leader" } }, 503),
    ],
    [NO_LEADER, () => json({ error: { code: 14, message: "etcdserver: no leader" } }, 503)],
    [NO_LEADER, () => json({ error: "context deadline exceeded", code: 2 }, 500)],
    [NO_LEADER, () => json({ code: 4, message: "context deadline exceeded" }, 504)],
    [
      "says: \u{1F41F} twolines",
      () => json({ code: 13, message: "\u{1F41F} two\nlines\u202e" }, 500),
    ],
    ["says: code 13", () => json({ code: 13 }, 500)],
  ])("%s", async (message, answer) => {
    expect(await told(answer)).toBe(`etcd at URL ${message}`);
  });

  test("no answer, a torn one, and one that is too long", async () => {
    expect(await told(silence)).toBe(
      "etcd at URL: no answer in 1000 ms (start it, or set ETCD_ENDPOINTS)",
    );
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
        }),
      );
    expect(await told(endless)).toContain("its answer is too long");
    const refused = await nobody();
    await expect(ask([refused])).rejects.toThrow(
      `etcd at ${refused}: connection refused (start it, or set ETCD_ENDPOINTS)`,
    );
  });
});

describe("members", () => {
  test("are tried in turn, and the one that answers is asked first from then on", async () => {
    await using hung = new Double(silence);
    await using lost = new Double(() => json({ code: 14, message: "etcdserver: no leader" }, 503));
    await using sound = new Double(() => json({ header: HEADER }));
    const endpoints = [await nobody(), hung.origin, lost.origin, sound.origin];
    const client = new EtcdClient(
      { endpoints, namedBy: "ETCD_ENDPOINTS", keys: "/tankd/" },
      ATTEMPT_MS,
    );
    for (let time = 0; time < 3; time++) await client.ask("/v3/kv/range", {});
    expect([hung, lost, sound].map(({ asked }) => asked.length)).toEqual([1, 1, 3]);
    expect(client.origin).toBe(sound.origin);
  });

  test("that complain are told of rather than those that are not there", async () => {
    await using lost = new Double(() => json({ code: 14, message: "etcdserver: no leader" }, 503));
    await expect(ask([await nobody(), lost.origin])).rejects.toThrow(NO_LEADER);
  });

  test("are not all asked what the first has refused", async () => {
    await using first = new Double(() => json({ code: 7, message: "permission denied" }, 403));
    await using second = new Double(() => json({ header: HEADER }));
    await expect(ask([first.origin, second.origin])).rejects.toThrow("keeps tankd from its keys");
    expect(second.asked).toEqual([]);
  });
});

describe("a user", () => {
  const who = { user: "fish", password: "sea" };

  test("has a token, as it is, and a new one when it has ended", async () => {
    let tokens = 0;
    let valid = "";
    await using double = new Double(({ path, token }) => {
      if (path === "/v3/auth/authenticate") {
        valid = `token.${++tokens}`;
        return json({ header: HEADER, token: valid });
      }
      if (token === valid) return json({ header: HEADER });
      return json({ code: 16, message: "etcdserver: invalid auth token" }, 401);
    });
    const access = {
      endpoints: [double.origin],
      namedBy: "ETCD_ENDPOINTS",
      keys: "/tankd/",
      ...who,
    };
    const client = new EtcdClient(access, ATTEMPT_MS);
    for (let time = 0; time < 2; time++) await client.ask("/v3/kv/range", {});
    expect(tokens).toBe(1);
    valid = "of a restarted server";
    await client.ask("/v3/kv/range", {});
    expect(tokens).toBe(2);
    expect(double.asked[0]?.body).toEqual({ name: "fish", password: "sea" });
  });

  test("that is refused is told of without its password", async () => {
    const refusal = "etcdserver: authentication failed, invalid user ID or password";
    await using double = new Double(() => json({ code: 3, message: refusal }, 400));
    const failure = await ask([double.origin], who).catch((error: Error) => error.message);
    expect(failure).toBe(
      `etcd at ${double.origin} refuses the user or the password: ` +
        "correct TANKD_ETCD_USER and TANKD_ETCD_PASSWORD",
    );
  });

  test("is not needed where etcd asks nobody", async () => {
    const message = "etcdserver: authentication is not enabled";
    await using double = new Double(({ path, token }) =>
      path === "/v3/auth/authenticate" || token !== null
        ? json({ error: message, message, code: 9 }, 412)
        : json({ header: HEADER }),
    );
    await ask([double.origin], who);
  });
});

describe("a watch", () => {
  function watch(
    double: Double,
    onResult: () => void = () => {},
    signal = AbortSignal.timeout(20_000),
  ) {
    const access = { endpoints: [double.origin], namedBy: "ETCD_ENDPOINTS", keys: "/tankd/" };
    return new EtcdClient(access, ATTEMPT_MS).watch({ key: "aw==" }, signal, onResult);
  }

  /** A stream that goes on after its lines. */
  function lines(...values: readonly unknown[]): Response {
    const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
        pull: () => silence().then(() => {}),
      }),
    );
  }

  test.each([
    ["has no leader", { error: { grpc_code: 14, message: "etcdserver: no leader" } }],
    ["has no leader", { error: { code: 14, message: "etcdserver: no leader" } }],
    ["it was compacted", { result: { header: HEADER, canceled: true, compact_revision: "5" } }],
    [
      "keeps tankd from its keys",
      {
        result: {
          created: true,
          canceled: true,
          cancel_reason: "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
        },
      },
    ],
  ])("ends with what it complains of: %s", async (message, value) => {
    await using double = new Double(() => lines({ result: { created: true } }, value));
    await expect(watch(double)).rejects.toThrow(message);
  });

  test("tells the last line where the server ends it without an end of line", async () => {
    const complaint = '{"error":{"grpc_code":14,"message":"etcdserver: no leader"}}';
    await using double = new Double(() => new Response(complaint));
    await expect(watch(double)).rejects.toThrow("has no leader");
  });

  test("that is aborted just ends", async () => {
    await using double = new Double(() => lines({ result: { created: true } }));
    const ending = new AbortController();
    await watch(double, () => ending.abort(), ending.signal);
    expect(ending.signal.aborted).toBe(true);
  });

  test("that is aborted before it has begun just ends, too", async () => {
    await using double = new Double(silence);
    await watch(double, () => {}, AbortSignal.abort());
    expect(double.asked).toEqual([]);
  });

  test("that is answered with garbage or not at all fails", async () => {
    await using garbage = new Double(() => new Response("<html>\n"));
    await expect(watch(garbage)).rejects.toThrow("its answer is not JSON");
    await using hung = new Double(silence);
    await expect(watch(hung)).rejects.toThrow("no answer in 1000 ms");
  });
});
