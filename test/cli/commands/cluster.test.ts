import { describe, expect, test } from "bun:test";
import type { HttpRequest, HttpResponse } from "../../../src/platform/network.ts";
import { fakeServer } from "../../api/fake-records.ts";
import { json, nodeAnswers, nodeFiles, runIn, type World } from "../fake-host.ts";

const DIRECTORY = "/home/ann/.local/state/tankd";
const running = { files: nodeFiles(DIRECTORY), alive: [42] };
const TOKEN = "Bearer secret-token-0123456789";

function world(routes: Readonly<Record<string, unknown>>, more: Partial<World> = {}): World {
  return { ...running, answer: nodeAnswers(routes), ...more };
}

/** What changes something: method, origin and path, body, token. */
function changes(requests: readonly HttpRequest[]) {
  return requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, origin, path, body, headers }) => ({
      asked: `${method} ${origin}${path}`,
      body: body === undefined ? undefined : JSON.parse(body),
      token: headers["authorization"],
    }));
}

describe("join and leave", () => {
  const url = "http://hub.corp.example:8000";

  test("a hub that answers", async () => {
    const answer = { met: true, detail: "Met hub" };
    const ran = await runIn(world({ "POST /api/cluster/join": answer }), "join", url);
    expect([ran.code, ran.out, ran.err]).toEqual([0, "Met hub.\n", ""]);
    expect(changes(ran.requests)).toEqual([
      { asked: "POST http://127.0.0.1:8000/api/cluster/join", body: { url }, token: TOKEN },
    ]);
  });

  test("one that does not: why, and a failure", async () => {
    const answer = { met: false, detail: "connection refused; it is tried again" };
    const routes = { "POST /api/cluster/join": answer };
    const ran = await runIn(world(routes), "join", url);
    expect([ran.code, ran.out]).toEqual([1, ""]);
    expect(ran.err).toBe(`tankd: ${url} was not reached: ${answer.detail}\n`);
    const forPrograms = await runIn(world(routes), "join", url, "--json");
    expect([forPrograms.code, JSON.parse(forPrograms.out)]).toEqual([1, answer]);
  });

  test("leave", async () => {
    const ran = await runIn(world({ "POST /api/cluster/leave": { left: true } }), "leave");
    expect([ran.code, ran.out]).toEqual([
      0,
      "This node has left its cluster; its tanks keep running.\n",
    ]);
    expect(changes(ran.requests)).toHaveLength(1);
  });
});

describe("status", () => {
  const own = { ...fakeServer("node-a"), hub: null, term: null, backends: [] };
  const lines = async (more: object) => {
    const answer = { ...own, role: "discovering", ...more };
    const { out } = await runIn(world({ "GET /api/servers/local": answer }), "status");
    return out.split("\n").filter((line) => /^(role|hub) /.test(line));
  };
  const role = (text: string) => expect.stringMatching(new RegExp(`^role +${text}$`));
  const hub = (text: string) => expect.stringMatching(new RegExp(`^hub +${text}$`));

  test("says why the role is what it is, where the node does", async () => {
    expect(await lines({})).toEqual([role("discovering"), hub("none yet")]);
    const left = await lines({ role_reason: "it has left its cluster" });
    expect(left).toEqual([role("discovering: it has left its cluster"), hub("none")]);
  });

  test("names servers without rights", async () => {
    const outsiders = ["t1", "t2", "t3", "t4", "t5", "t6"].map((server_id) =>
      fakeServer("x", { server_id, signed: false, node_id: null }),
    );
    const answer = (servers: readonly object[]) =>
      world({
        "GET /api/servers/local": own,
        "GET /api/discovery/servers": { servers, count: servers.length },
      });
    const member = { ...fakeServer("b"), member: true };
    const some = await runIn(answer([member, ...outsiders.slice(0, 1)]), "status");
    expect(some.out).toMatch(/^without rights +1 server: t1 \(unsigned\)$/m);
    const many = await runIn(answer(outsiders), "status");
    expect(many.out).toMatch(/^without rights +6 servers: t1 .*, t5 \(unsigned\), …$/m);
    expect((await runIn(answer([member]), "status")).out).not.toContain("without rights");
  });

  test("says of a node alone what it has sent and heard, and why nobody may be there", async () => {
    const link = { name: "eth0", sent: 12, heard: 0, others: 3, refused: [], causes: [] };
    const mdns = { name: "mdns", state: "running", detail: "on eth0", links: [link] };
    const cause = { code: "x", what: "nothing is heard", mend: "open UDP port 5353", fault: false };
    const causes = [{ ...cause, what: "it is dropped", mend: null, fault: true }, cause];
    const alone = { seconds: 25, causes };
    const answer = { ...own, role: "hub", backends: [mdns], alone };
    const { out } = await runIn(world({ "GET /api/servers/local": answer }), "status");
    const lines = out.split("\n").map((line) => line.replaceAll(/ {2,}/g, "|"));
    expect(lines.slice(lines.indexOf("discovery mdns|running: on eth0"))).toEqual([
      "discovery mdns|running: on eth0",
      "alone|no other node for 25 s",
      "|mdns on eth0|12 sent, 0 heard of other nodes, 3 of other programs",
      "|because|it is dropped",
      "|perhaps|nothing is heard",
      "|mend|open UDP port 5353",
      "",
    ]);
    const { alone: _, ...company } = { ...answer, alone: null };
    const together = await runIn(world({ "GET /api/servers/local": company }), "status");
    expect(together.out).not.toMatch(/alone|eth0 {2}/);
  });

  test("says whose the lease is, by name where that is the hub", async () => {
    const url = "etcd://10.0.0.5";
    const named = { server_id: "reef", node_id: "n7", api_url: "http://10.0.0.7:8000" };
    const line = async (lease: object, leads: object | null = null) => {
      const answer = { ...own, lease: { url, holder: null, reason: null, ...lease }, hub: leads };
      const { out } = await runIn(world({ "GET /api/servers/local": answer }), "status");
      return /^lease +(.*)$/m.exec(out)?.[1];
    };
    expect(await line({ state: "held", holder: "n1" })).toBe(`held by this node  ${url}`);
    expect(await line({ state: "taken", holder: "n7" }, named)).toBe(`held by reef  ${url}`);
    expect(await line({ state: "taken", holder: "n8" }, named)).toBe(`held by n8  ${url}`);
    expect(await line({ state: "free" })).toBe(`free  ${url}`);
    const lost = { state: "unknown", holder: "n7", reason: "etcd does not answer" };
    expect(await line(lost)).toBe(`not known: etcd does not answer  ${url}`);
    expect(await line({}, null)).toBeUndefined();
  });

  test("says that it is not ready and why, and through whom others reach it", async () => {
    const leads = { server_id: "reef", node_id: "n7", api_url: "http://10.0.0.7:8000" };
    const local = { ...own, role: "worker", hub: leads, relay: "n7" };
    const answers = nodeAnswers({ "GET /api/servers/local": local, "GET /ready": { ready: true } });
    const said = async (answer: typeof answers) => {
      const { out } = await runIn({ ...world({}), answer }, "status");
      return out.split("\n").filter((line) => /^(ready|reached) /.test(line));
    };
    const through = expect.stringMatching(/^reached +through reef, by a tunnel$/);
    expect(await said(answers)).toEqual([through]);
    const detail = "role: discovering: nobody holds the lease";
    const refused = json(503, { type: "urn:tankd:problem:not_ready", detail });
    const unready = await said((one) => (one.path === "/ready" ? refused : answers(one)));
    expect(unready).toEqual([expect.stringContaining(`no: ${detail}`), through]);
  });

  test("says in one line why it leaves the lease to others", async () => {
    const lease = { url: "etcd://10.0.0.5", state: "free", abstention: "others cannot dial it" };
    const { out } = await runIn(world({ "GET /api/servers/local": { ...own, lease } }), "status");
    expect(out).toMatch(/^lease +free {2}etcd:.*\n {2}left alone +others cannot dial it$/m);
  });
});

describe("alias", () => {
  const made = { alias: "home", node_id: "n", server_id: "far", tank_id: "t1" };

  test("is given, and says what it became where the name is taken", async () => {
    const routes = { "POST /api/aliases": made };
    const ran = await runIn(world(routes), "alias", "home", "far::reef");
    expect(ran.out).toBe("home is now an alias of tank t1 of far.\n");
    expect(changes(ran.requests)[0]?.body).toEqual({ alias: "home", tank: "far::reef" });
    const taken = await runIn(world(routes), "alias", "haven", "far::reef");
    expect(taken.out).toBe("home is now an alias of tank t1 of far (haven is taken).\n");
  });

  test("is forgotten", async () => {
    const answer = (request: HttpRequest): HttpResponse =>
      request.method === "DELETE"
        ? json(200, { alias: "far::reef", removed: true })
        : nodeAnswers({})(request);
    const ran = await runIn({ ...running, answer }, "alias", "--rm", "far::reef");
    expect([ran.code, ran.out]).toEqual([0, "Removed the alias far::reef.\n"]);
    expect(ran.requests.at(-1)?.path).toBe("/api/aliases/far%3A%3Areef");
  });

  test("all are listed", async () => {
    const listed = (aliases: readonly unknown[]) =>
      runIn(world({ "GET /api/aliases": { aliases, count: aliases.length } }), "alias");
    expect((await listed([made])).out).toBe("ALIAS  SERVER  TANK\nhome   far     t1\n");
    expect((await listed([])).out).toStartWith("No aliases; define one with: tankd alias ");
  });

  test.each([
    ["which tank is home?", ["alias", "home"]],
    ["give a name and a tank, or --rm NAME", ["alias", "home", "t1", "--rm", "home"]],
  ])("wrong usage: %s", async (said, words) => {
    const ran = await runIn(world({}), ...words);
    expect([ran.code, ran.requests]).toEqual([2, []]);
    expect(ran.err).toContain(said);
  });
});

describe("register", () => {
  const own = fakeServer("node-a");
  const other = { server_id: "tank-world", host: "10.0.0.7", port: 8000 };
  const routes = {
    "GET /api/servers/local": own,
    "POST /api/discovery/register": { status: "registered", server_id: "x" },
  };

  test("this node with a hub: the token of this node stays here", async () => {
    const ran = await runIn(world(routes), "register", "http://hub:8000");
    expect([ran.code, ran.out]).toEqual([0, "x at http://hub:8000: registered.\n"]);
    expect(changes(ran.requests)).toEqual([
      { asked: "POST http://hub:8000/api/discovery/register", body: own, token: undefined },
    ]);
  });

  test("with the token of that hub, where it was given", async () => {
    const environment = { TANKD_TOKEN: "remote-token-0123456789" };
    const ran = await runIn(world(routes, { environment }), "register", "http://hub:8000");
    expect(changes(ran.requests)[0]?.token).toBe("Bearer remote-token-0123456789");
  });

  test("another server with this node, from a file and from stdin", async () => {
    const text = JSON.stringify(other);
    const files = { ...running.files, "/desk/other.json": text };
    for (const [file, more] of [
      ["other.json", { files }],
      ["-", { input: text }],
    ] as const) {
      const ran = await runIn(world(routes, more), "register", "--record", file);
      expect(ran.code).toBe(0);
      expect(changes(ran.requests)).toEqual([
        {
          asked: "POST http://127.0.0.1:8000/api/discovery/register",
          body: other,
          token: TOKEN,
        },
      ]);
    }
  });

  test("with a hub that does not answer: no advice to start a node here", async () => {
    const answer = (request: HttpRequest) =>
      request.origin === "http://hub:8000" ? undefined : nodeAnswers(routes)(request);
    const ran = await runIn({ ...running, answer }, "register", "http://hub:8000");
    expect([ran.code, ran.err]).toEqual([3, "tankd: no node answers at http://hub:8000\n"]);
  });

  test("its help says when the URL may be left out", async () => {
    const { out } = await runIn({}, "register", "--help");
    expect(out.replaceAll(/\s+/g, " ")).toContain("the hub; with --record it may be left out");
  });

  test.each([
    ["register with whom?", ["register"], {}],
    ["its own hub lists this node already", ["register"], {}],
    ["is not a hub's URL", ["register", "https://hub"], {}],
    ["there is no such file", ["register", "--record", "none.json"], {}],
    ["stdin is not a server record", ["register", "--record", "-"], { input: "[1]" }],
    ["stdin is not a server record", ["register", "--record", "-"], { input: "{" }],
  ] as const)("wrong usage: %s", async (said, words, more) => {
    const ran = await runIn(world(routes, more), ...words);
    expect([ran.code, changes(ran.requests)]).toEqual([2, []]);
    expect(ran.err).toContain(said);
  });
});

describe("peers", () => {
  const list = (servers: readonly object[], more: object = {}) =>
    world({ "GET /api/discovery/servers": { servers, count: servers.length, ...more } });

  test("filters become the query", async () => {
    const words = ["--tag", "a b", "--tag", "c", "--status", "online", "--role", "worker"];
    const place = ["--region", "eu", "--zone", "z1", "--resource", "gpu=2"];
    const ran = await runIn(list([]), "peers", ...words, ...place, "--json");
    expect(JSON.parse(ran.out)).toEqual({ servers: [], count: 0 });
    expect(ran.requests.at(-1)?.path).toBe(
      "/api/discovery/servers?tag=a+b&tag=c&status=online&role=worker" +
        "&region=eu&zone=z1&resource=gpu%3D2",
    );
  });

  test("shows place and tags only where there are any", async () => {
    const plain = await runIn(list([fakeServer("a")]), "peers");
    expect(plain.out).toMatch(/^SERVER +ROLE +STATUS +URL +TANKS +FISH +SEEN +FOUND BY\n/);
    const servers = [
      fakeServer("a", { region: "eu", zone: "z1", tags: ["lab", "gpu"] }),
      fakeServer("b"),
    ];
    const { out } = await runIn(list(servers), "peers");
    expect(out).toMatch(/FOUND BY +PLACE +TAGS\n/);
    expect(out).toMatch(/\na-label .+ eu\/z1 +lab, gpu\n/);
  });

  test("sets apart who has no rights", async () => {
    const servers = [
      fakeServer("x", { server_id: "tank-world", signed: false, node_id: null }),
      { ...fakeServer("a", { role: "hub" }), member: true },
    ];
    const strangers = [{ ...fakeServer("s", { server_id: "lurker" }), member: false }];
    const { out } = await runIn(list(servers, { strangers }), "peers");
    const [members, apart] = out.split("\n\n2 servers without rights here, ");
    const roles = (text = "") =>
      text.split("\n").map((line) => line.split(/ +/).slice(0, 2).join(" "));
    expect(roles(members)).toEqual(["SERVER ROLE", "a-label hub"]);
    expect(roles(apart)).toEqual([
      ...["unsigned or", "SERVER ROLE", "tank-world unsigned", "lurker stranger", ""],
    ]);
  });

  test("says who is behind a router, and through whom it is reached", async () => {
    const hub = fakeServer("a", { role: "hub" });
    const relayed = { reachable: false, relay: hub.node_id };
    const { out } = await runIn(list([hub, { ...fakeServer("b"), ...relayed }]), "peers");
    expect(out).toMatch(/\nb-label .+ through a-label\n/);
    expect(out).toEndWith(
      "\nb-label is behind a router (NAT) or a firewall and cannot be dialled; " +
        "it is reached through a-label.\n",
    );
  });

  test("tells in its help what the columns mean", async () => {
    const { out } = await runIn({}, "peers", "--help");
    for (const title of ["SEEN", "FOUND BY", "REACHED", "unsigned"]) expect(out).toContain(title);
  });
});
