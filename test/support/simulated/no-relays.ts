import type { Cluster } from "../../../src/cluster/cluster.ts";
import { Problem } from "../../../src/platform/errors.ts";

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
  waysTo: async () => [],
};

/** Lets everything pass. */
export const NO_BOUNDS: Cluster["passage"] = {
  read: (_nodeId, _remoteAddress, ask) => ask(),
  admit: () => {},
};
