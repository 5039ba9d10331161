import { Problem } from "../../platform/errors.ts";
import { ConsulAgent } from "./agent.ts";
import { ConsulLease } from "./lease.ts";
import { CONSUL_LEASE_FORM, keyOfCluster, readLeaseUrl } from "./lease-url.ts";
import type { WatchDeps } from "./watch.ts";

export interface CreateLeaseOptions extends WatchDeps {
  readonly cluster: string;
  /** Permissions in Consul: session:write, and key:write on the key. */
  readonly token: string | undefined;
}

/**
 * The lease at `consul://host:8500[/key]`, or `consuls://` for TLS.
 * @throws Problem `bad_setting` for any other URL.
 */
export function createConsulLease(url: string, options: CreateLeaseOptions): ConsulLease {
  const { cluster, token } = options;
  const { address, key = keyOfCluster(cluster) } = readLeaseUrl(url) ?? {};
  if (!address) {
    throw new Problem("bad_setting", `This is not a lease in Consul; give ${CONSUL_LEASE_FORM}.`);
  }
  return new ConsulLease({ ...options, agent: new ConsulAgent({ address, token }), url, key });
}
