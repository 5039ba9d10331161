/** Uses a node by the types that openapi-typescript has made, with openapi-fetch: URL, token. */
import createClient from "openapi-fetch";
import type { paths } from "./api";

declare const process: {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): void };
};

const [baseUrl = "", token = ""] = process.argv.slice(2);
const anyone = createClient<paths>({ baseUrl });
const headers = { authorization: `Bearer ${token}` };
const operator = createClient<paths>({ baseUrl, headers });

/** What an answer must have brought. */
function got<T>(answer: { readonly data?: T; readonly error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

function refusal(answer: { readonly response: Response; readonly error?: { type: string } }) {
  return [answer.response.status, answer.error?.type];
}

const home = got(await anyone.GET("/api/tanks")).tanks[0]?.tank.tank_id ?? "";
const wanted = { body: { name: "cave", fish: 7 } };
const refused = await anyone.POST("/api/tanks", wanted);
const made = got(await operator.POST("/api/tanks", wanted));
const cave = made.tank.tank_id;
const params = { path: { tank_id: cave } };
const body = { portions: 3 };
const fed = got(await operator.POST("/api/tanks/{tank_id}/feed", { params, body }));
const speed = { tick_rate: 12.5 };
const sped = got(await operator.POST("/api/tanks/{tank_id}/speed", { params, body: speed }));
const paused = got(await operator.POST("/api/tanks/{tank_id}/pause", { params }));
const fish = got(await anyone.GET("/api/tanks/{tank_id}/fish", { params }));
const shown = got(await anyone.GET("/api/tanks/{tank_id}", { params }));
const connection = { source_tank_id: cave, destination_tank_id: home, probability: 10 };
const { connection_id } = got(await operator.POST("/api/connections", { body: connection }));
const { connections } = got(await anyone.GET("/api/connections"));
const cut = got(
  await operator.DELETE("/api/connections/{connection_id}", {
    params: { path: { connection_id } },
  }),
);
const server = { server_id: "pi", host: "192.0.2.7", port: 8000 };
const registered = got(await operator.POST("/api/discovery/register", { body: server }));
const left = got(
  await operator.DELETE("/api/discovery/unregister/{server_id}", {
    params: { path: { server_id: "pi" } },
  }),
);
const serversThatAre = async (status: string) =>
  got(await anyone.GET("/api/servers", { params: { query: { status } } })).count;
const unknown = await anyone.GET("/api/tanks/{tank_id}", {
  params: { path: { tank_id: "nobody" } },
});

process.stdout.write(
  JSON.stringify({
    health: got(await anyone.GET("/health")).status,
    metrics: got(await anyone.GET("/metrics", { parseAs: "text" })).includes("tankd_info"),
    refused: refusal(refused),
    made: [made.tank.name, made.founders],
    fed: fed.command,
    sped: sped.command,
    paused: paused.command,
    all_fish: fish.fish.length === shown.fish_count,
    connections: connections.map((one) => [one.connection_id === connection_id, one.probability]),
    cut: cut.removed,
    online: await serversThatAre("online"),
    offline: await serversThatAre("offline"),
    registered: [registered.registered, left.unregistered],
    unknown: refusal(unknown),
    removed: got(await operator.DELETE("/api/tanks/{tank_id}", { params })).removed,
  }),
);
