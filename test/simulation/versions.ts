import type { PeerRoute } from "../../src/cluster/peer-route.ts";
import { ABORT_PATH, BATCH_PATH, TRANSFER_PATH } from "../../src/migration/transfer/protocol.ts";
import type { Core } from "../../src/node/core.ts";
import type { HttpRequest, Network } from "../../src/platform/network.ts";

/** Builds that a node may run: this one, or one from before batches and the audit. */
export type Version = "present" | "earlier";

const EARLIER_PATHS: readonly string[] = [TRANSFER_PATH, ABORT_PATH];

/** The routes between nodes that a build has. */
export function routesOf(core: Core, version: Version): readonly PeerRoute[] {
  const migration = core.migration.routes();
  if (version === "present") {
    return [...core.cluster.routes(), ...migration, ...core.audit.routes()];
  }
  const known = migration.filter(({ path }) => EARLIER_PATHS.includes(path));
  return [...core.cluster.routes(), ...known];
}

/** The network of a build: the earlier one sends no batches, so that it offers one by one. */
export function networkOf(
  network: Network,
  version: Version,
  onSend: (request: HttpRequest) => void,
): Network {
  return {
    resolve: (name) => network.resolve(name),
    send: async (request) => {
      onSend(request);
      if (version === "present") return network.send(request);
      const isBatch = request.path.split("?")[0] === BATCH_PATH;
      return isBatch ? UNKNOWN_ROUTE : network.send(request);
    },
  };
}

const UNKNOWN_ROUTE = {
  status: 404,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({ type: "urn:tankd:problem:not_found", title: "not found", status: 404 }),
} as const;
