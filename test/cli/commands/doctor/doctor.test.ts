import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { Examiner } from "../../../../src/node/doctor/examiner.ts";
import type { HttpRequest, HttpResponse } from "../../../../src/platform/network.ts";
import { json, nodeAnswers, nodeFiles, runIn, type World } from "../../fake-host.ts";
import { CARD, deaf, heard, machine, NO_FIREWALL, peer, running } from "./facts.ts";

const DIRECTORY = "/home/ann/.local/state/tankd";
const answerSchema = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      id: z.string(),
      result: z.enum(["ok", "warn", "fail", "unknown"]),
      what: z.string(),
      mend: z.string().nullable(),
    }),
  ),
});

/** A machine on which everything is fine, with what was asked about it. */
function examinerOf(change: Partial<Examiner> = {}) {
  const asked: string[] = [];
  const examiner: Examiner = {
    platform: "linux",
    networks: (interfaces) => {
      asked.push(`networks ${interfaces}`);
      return { addresses: () => [CARD], defaultRouteInterface: () => "eth0" };
    },
    multicast: async () => {
      asked.push("multicast");
      return [heard];
    },
    portUse: async (port, host) => {
      asked.push(`port ${port} ${host ?? ""}`);
      return { kind: "free" };
    },
    firewall: async (ports) => {
      asked.push(`firewall ${ports.map(({ port, protocol }) => `${port}/${protocol}`)}`);
      return NO_FIREWALL;
    },
    descriptors: async (pid) => {
      asked.push(`descriptors ${pid ?? ""}`);
      return { limit: 65_536, open: undefined };
    },
    directory: (path) => {
      asked.push(`directory ${path}`);
      return machine().directory;
    },
    database: () => undefined,
    sqliteVersion: () => "3.54.1",
    ...change,
  };
  return { examiner, asked };
}

function nodeWith(peers: readonly ReturnType<typeof peer>[], more: Record<string, unknown> = {}) {
  const { local } = running();
  const links = [{ ...heard, family: undefined }];
  const backends = [{ name: "mdns", state: "running", detail: "on eth0", nominations: 1, links }];
  return nodeAnswers({
    "GET /api/servers/local": { ...local, backends },
    "GET /ready": { ready: true },
    "POST /api/doctor": { addresses: [{ host: "10.0.0.1", port: 8000 }], peers, left_out: 0 },
    ...more,
  });
}

const node = (answer: NonNullable<World["answer"]>) => ({
  files: nodeFiles(DIRECTORY),
  alive: [42],
  answer,
});
const read = (out: string) => answerSchema.parse(JSON.parse(out));
const ids = (out: string) => read(out).checks.map(({ id }) => id);

describe("doctor without a node", () => {
  test("looks at the machine as a start with these settings would find it", async () => {
    const { examiner, asked } = examinerOf();
    const words = ["--port", "9000", "--interfaces", "eth*", "--json"];
    const ran = await runIn({ examiner }, "doctor", ...words);
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(read(ran.out).ok).toBe(true);
    expect(ids(ran.out)).toEqual([
      "node",
      "interfaces",
      "announced",
      "multicast:eth0:IPv4",
      "port",
      "firewall",
      "clock",
      "descriptors",
      "sqlite",
      "directory",
      "space",
      "filesystem",
    ]);
    expect(asked.sort()).toEqual([
      "descriptors ",
      `directory ${DIRECTORY}`,
      "firewall 9000/tcp,5353/udp",
      "multicast",
      "networks eth*",
      "port 9000 ",
    ]);
  });

  test("asks for multicast only where it is used, and hubs that are named", async () => {
    const { examiner, asked } = examinerOf();
    const health = { server_id: "reef", timestamp: "2030-01-01T00:01:00Z" };
    const answer = ({ origin, path }: HttpRequest) =>
      origin === "http://10.0.0.9:8000" && path === "/health" ? json(200, health) : undefined;
    const words = ["--hub", "http://10.0.0.9:8000", "--discovery", "hub", "--json"];
    const ran = await runIn({ examiner, answer }, "doctor", ...words);
    expect(asked).not.toContain("multicast");
    expect(asked).toContain("firewall 8000/tcp");
    const hub = read(ran.out).checks.find(({ id }) => id === "hub:http://10.0.0.9:8000");
    expect(hub).toMatchObject({ result: "ok", what: "the hub http://10.0.0.9:8000 answers: reef" });
  });

  test("ends with 1 where something fails, in lines for people", async () => {
    const { examiner } = examinerOf({
      portUse: async () => ({ kind: "taken", by: { pid: 812, name: "nginx" } }),
    });
    const ran = await runIn({ examiner }, "doctor", "--port", "8000");
    expect([ran.code, ran.err]).toEqual([1, "tankd: 1 finding\n"]);
    expect(ran.out).toContain(
      "fail     TCP port 8000 is taken by nginx (pid 812)\n" +
        "         mend: stop that, or choose another port by --port\n",
    );
    expect(ran.out).not.toContain("\x1b");
    const coloured = await runIn({ examiner, isTerminal: true }, "doctor", "--port", "8000");
    expect(coloured.out).toContain("\x1b[31mfail\x1b[0m     TCP port");
  });

  test("what is only doubtful is no failure", async () => {
    const { examiner } = examinerOf({
      descriptors: async () => ({ limit: 1_024, open: undefined }),
    });
    const ran = await runIn({ examiner }, "doctor");
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(ran.out).toContain("warn     1024 files");
    expect(ran.out).toEndWith("No faults, 1 warning.\n");
    const fine = await runIn(examinerOf(), "doctor");
    expect(fine.out).toEndWith("No findings.\n");
  });

  test("settings that cannot be read are a finding, a wrong flag is wrong usage", async () => {
    const { examiner } = examinerOf();
    const ran = await runIn({ examiner, environment: { TANK_API_PORT: "x" } }, "doctor", "--json");
    expect(ran.code).toBe(1);
    expect(read(ran.out).checks[0]).toMatchObject({
      id: "settings",
      result: "fail",
      what: expect.stringContaining("TANK_API_PORT"),
    });
    expect((await runIn({ examiner }, "doctor", "--port", "x")).code).toBe(2);
  });

  test("names a tankd that holds the directory, and one that answers at the port", async () => {
    const { examiner } = examinerOf({ portUse: async () => ({ kind: "taken", by: undefined }) });
    const files = { [`${DIRECTORY}/pid`]: "4242", "/proc/4242/comm": "tankd\n" };
    const health = { server_id: "re\u001bef", timestamp: "2030-01-01T00:01:00Z" };
    const answer = ({ path }: HttpRequest): HttpResponse | undefined =>
      path === "/health" ? json(200, health) : undefined;
    const ran = await runIn({ examiner, files, alive: [4242], answer }, "doctor");
    expect(ran.out).toContain(`tankd (pid 4242) uses ${DIRECTORY}, but its node does not answer`);
    // What another program says of itself must not move the cursor.
    expect(ran.out).toContain("taken by the tankd re\\u001bef;");
  });
});

describe("doctor with a running node", () => {
  test("asks it, and looks at the machine with what it says", async () => {
    const { examiner, asked } = examinerOf();
    const world = { ...node(nodeWith([peer()])), examiner };
    const ran = await runIn(world, "doctor", "--json");
    expect([ran.code, ran.err]).toEqual([0, ""]);
    expect(ids(ran.out)).toEqual([
      "node",
      "interfaces",
      "announced",
      "multicast:eth0:IPv4",
      "outside:10.0.0.1:8000",
      "firewall",
      "discovery:mdns",
      "peer:reef",
      "clock",
      "descriptors",
      "sqlite",
      "directory",
      "space",
      "filesystem",
    ]);
    expect(asked).toContain("descriptors 42");
    expect(asked.filter((one) => one.startsWith("port"))).toEqual([]);
  });

  test("ends with 1 where others do not reach it", async () => {
    const { examiner } = examinerOf();
    const world = { ...node(nodeWith([deaf("no answer in time")])), examiner };
    const ran = await runIn(world, "doctor");
    expect([ran.code, ran.err]).toEqual([1, "tankd: 1 finding\n"]);
    expect(ran.out).toContain("fail     1 of 1 do not reach it at 10.0.0.1:8000 (reef)");
  });

  test("says what is missing where the token is not to be had", async () => {
    const { examiner } = examinerOf();
    const files = { ...nodeFiles(DIRECTORY) };
    delete files[`${DIRECTORY}/token`];
    const refused = { type: "urn:tankd:problem:token_required" };
    const answer = (request: HttpRequest) =>
      request.path === "/api/doctor" ? json(401, refused) : nodeWith([])(request);
    const ran = await runIn({ files, alive: [42], answer, examiner }, "doctor", "--json");
    expect(ran.code).toBe(0);
    const { checks } = read(ran.out);
    const outside = checks.find(({ id }) => id === "outside");
    expect(outside).toMatchObject({ result: "unknown" });
    expect(outside?.what).toContain("control token");
  });

  test("that cannot prove itself, or does not answer, is a finding beside the others", async () => {
    const { examiner } = examinerOf();
    const liar = () => json(200, { node_id: "x", public_key: "y", signature: "z" });
    const ran = await runIn({ ...node(liar), examiner }, "doctor", "--json");
    expect(ran.code).toBe(1);
    expect(read(ran.out).checks[0]).toMatchObject({ id: "node", result: "fail" });
    expect(ids(ran.out)).toContain("sqlite");
  });

  test("on another machine is asked alone, and its machine is not looked at", async () => {
    const answer = nodeWith([peer()]);
    const world = { answer, environment: { TANKD_TOKEN: "t".repeat(43) } };
    const ran = await runIn(world, "doctor", "--url", "http://far:8000", "--json");
    expect(ran.code).toBe(0);
    expect(ids(ran.out)).toEqual([
      "node",
      "outside:10.0.0.1:8000",
      "discovery:mdns",
      "peer:reef",
      "clock",
    ]);
    const nobody = await runIn({}, "doctor", "--url", "http://far:8000");
    expect(nobody.code).toBe(3);
  });
});
