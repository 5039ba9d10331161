import type { Cluster } from "../../../src/cluster/cluster.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { NetworkError } from "../../../src/platform/network.ts";

/** A node to which nobody holds a tunnel. */
export const NO_TUNNELS: Cluster["tunnels"] = {
  accept: () => {
    throw new Problem("not_trusted", "not part of the fake");
  },
  holds: () => false,
  watch: () => undefined,
};

/** A node that passes nothing on. */
export const NO_RELAYS: Cluster["relays"] = {
  passOn: async () => undefined,
  answer: async () => ({ status: 200, headers: {}, body: "{}" }),
  proofOf: () => ({}),
  waysTo: async () => [],
  noteUnreached: () => {},
};

/** A node that opens no connection. */
export const NO_SOCKETS: Cluster["sockets"] = {
  connect: async () => {
    throw new NetworkError("unreachable", "not part of the fake");
  },
};

/** Lets everything pass. */
export const NO_BOUNDS: Cluster["passage"] = {
  read: (_nodeId, _remoteAddress, ask) => ask(),
  admit: () => {},
};

/** A node without a cluster secret. */
export const NO_ORDERS: Cluster["orders"] = {
  mayGive: false,
  give: async () => {
    throw new Problem("not_trusted", "not part of the fake");
  },
  refusal: () => new Problem("not_trusted", "not part of the fake"),
};
