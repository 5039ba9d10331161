import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { WebSocket } from "ws-client";
import { z } from "zod";
import { startLocal } from "../ops/local-node.ts";
import { tanksSchema } from "../support/api.ts";
import { until } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { PROMPTLY_MS } from "../support/tankd.ts";

setDefaultTimeout(120_000);

/** As a node says it: who has answered, and who stands in between. */
type Said = readonly [status: number, answeredBy: string | undefined, relay: string | undefined];

const ON_LOOPBACK = ["--host", "127.0.0.1", "--port", "0", "--discovery", "none"];
const CALM = ["--no-auto-connect", "--fish", "5"];
const NOBODY: Said = [502, undefined, undefined];
const localSchema = z.object({ node_id: z.string() });
const helloSchema = z.looseObject({ tank: z.object({ tank_id: z.string() }) });

let cleanUp = new AsyncDisposableStack();
afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

async function started(options: readonly string[]) {
  const scratch = cleanUp.use(new Scratch());
  const node = cleanUp.use(await startLocal(scratch, [...ON_LOOPBACK, ...CALM, ...options]));
  const read = async <T>(path: string, schema: z.ZodType<T>) =>
    schema.parse(await (await fetch(`${node.url}${path}`)).json());
  const { node_id: nodeId } = await read("/api/servers/local", localSchema);
  const [first] = (await read("/api/tanks", tanksSchema)).tanks;
  return { url: node.url, nodeId, tankId: first?.tank.tank_id ?? "" };
}
type Started = Awaited<ReturnType<typeof started>>;

/** A hub, a worker, and a node that says that it is at `address`. */
async function three(address: string) {
  const hub = await started(["--role", "hub"]);
  const follows = ["--role", "worker", "--hub", hub.url];
  const [worker, third] = await Promise.all([
    started(follows),
    started([...follows, "--advertise", address]),
  ]);
  const sees = async ({ url }: Started) =>
    (await fetch(`${url}/gateway/tanks/${third.tankId}`)).status === 200;
  await until("all know all tanks", PROMPTLY_MS, async () => {
    return (await sees(hub)) && (await sees(worker));
  });
  return { hub, worker, third };
}

/** What a node says to who reads a tank of another one through it. */
async function read({ url }: Started, tankId: string): Promise<Said> {
  const { status, headers } = await fetch(`${url}/gateway/api/tanks/${tankId}`);
  const header = (name: string) => headers.get(name) ?? undefined;
  return [status, header("tankd-answered-by"), header("tankd-relay")];
}

/** What it says to who watches the tank, who has seen that it is this one. */
function watch({ url }: Started, tankId: string): Promise<Said> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws/${tankId}`);
  const { promise, resolve, reject } = Promise.withResolvers<Said>();
  let said: Said | undefined;
  socket.on("upgrade", ({ headers }) => {
    const header = (name: string) => headers[name]?.toString();
    said = [101, header("tankd-answered-by"), header("tankd-relay")];
  });
  socket.once("message", (message) => {
    const { tank } = helloSchema.parse(JSON.parse(String(message)));
    if (said && tank.tank_id === tankId) resolve(said);
    else reject(new Error(`tank ${tank.tank_id} is shown`));
    socket.close();
  });
  socket.on("unexpected-response", (_, { statusCode = 0 }) => {
    resolve([statusCode, undefined, undefined]);
    socket.terminate();
  });
  socket.on("error", reject);
  socket.on("close", (code) => reject(new Error(`closed: ${code}`)));
  return promise;
}

test("a third node's tank is shown by itself, or by who says it from hearsay", async () => {
  // Nobody listens there: the third node has to hold a tunnel to the hub.
  const { hub, worker, third } = await three("127.0.0.1:1");
  const { tankId } = third;
  const owner = `owner ${third.nodeId}`;
  await until("the third node's tunnel", PROMPTLY_MS, async () => {
    return (await read(worker, tankId))[0] === 200;
  });
  expect(await read(hub, tankId)).toEqual([200, owner, hub.nodeId]);
  expect(await read(worker, tankId)).toEqual([200, owner, worker.nodeId]);
  expect(await watch(third, tankId)).toEqual([101, owner, undefined]);
  expect(await watch(hub, tankId)).toEqual([101, owner, hub.nodeId]);
  // What the worker shows has come through the hub, which could show anything.
  expect(await watch(worker, tankId)).toEqual([101, `relay ${hub.nodeId}`, worker.nodeId]);
});

describe("of a node whose address leads elsewhere", () => {
  /** Passes connections on to where it is told to. */
  class Balancer {
    readonly #open = new Set<Socket>();
    readonly #server: Server;
    #to = 0;

    private constructor() {
      this.#server = createServer((near) => {
        const far = connect(this.#to, "127.0.0.1");
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          this.#open.add(one);
          one.pipe(other);
          one.on("error", () => other.destroy());
          one.on("close", () => this.#open.delete(one));
        }
      });
    }

    static async listening(): Promise<Balancer> {
      const made = new Balancer();
      await new Promise<void>((resolve) => made.#server.listen(0, "127.0.0.1", resolve));
      cleanUp.defer(() => {
        made.leadTo(0);
        made.#server.close();
      });
      return made;
    }

    get address(): string {
      const address = this.#server.address();
      return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    }

    leadTo(port: number): void {
      this.#to = port;
      for (const socket of this.#open) socket.destroy();
    }
  }

  async function behindBalancer() {
    const balancer = await Balancer.listening();
    const { hub, worker, third } = await three(balancer.address);
    const back = () => balancer.leadTo(Number(new URL(third.url).port));
    back();
    const owner = `owner ${third.nodeId}`;
    for (const node of [hub, worker]) {
      await until("it is dialled", PROMPTLY_MS, async () => {
        return (await read(node, third.tankId))[0] === 200;
      });
      expect(await watch(node, third.tankId)).toEqual([101, owner, node.nodeId]);
    }
    return { balancer, back, hub, worker, third, owner };
  }

  test("to another node, nothing is said that this one says", async () => {
    const { balancer, back, hub, worker, third, owner } = await behindBalancer();
    balancer.leadTo(Number(new URL(worker.url).port));
    const own: Said = [200, owner, hub.nodeId];
    for (let n = 0; n < 20; n++) {
      // Once it is known not to be dialled it is asked through its tunnel.
      expect([NOBODY, own]).toContainEqual(await read(hub, third.tankId));
      await Bun.sleep(50);
    }
    back();
    await until("it is there again", PROMPTLY_MS, async () => {
      return (await read(hub, third.tankId))[0] === 200;
    });
  });

  test("to an impostor, nothing is shown", async () => {
    const { balancer, hub, worker, third, owner } = await behindBalancer();
    const impostor = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => {
        const headers = { "tankd-answered-by": owner, "tankd-proof": "A".repeat(86) };
        if (server.upgrade(request, { headers })) return undefined;
        return Response.json({}, { headers });
      },
      websocket: {
        open: (socket) => {
          const tank = { tank_id: third.tankId };
          socket.send(JSON.stringify({ type: "hello", tank }));
        },
        message: () => {},
      },
    });
    cleanUp.defer(() => impostor.stop(true));
    balancer.leadTo(impostor.port ?? 0);
    expect(await read(hub, third.tankId)).toEqual(NOBODY);
    expect(await watch(worker, third.tankId)).toEqual(NOBODY);
  });
});
