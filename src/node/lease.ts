import { createConsulLease } from "../adapters/consul/create-lease.ts";
import type { WatchDeps } from "../adapters/consul/watch.ts";
import { readLeaseUrl } from "../adapters/etcd/access.ts";
import { EtcdLease } from "../adapters/etcd/lease.ts";
import type { HubLease } from "../cluster/membership/lease.ts";
import { etcdCredentials } from "./etcd.ts";
import type { Settings } from "./settings/table.ts";

/**
 * The store that decides which node is hub; undefined where the nodes elect it.
 * @throws Problem `bad_setting` for a URL of another kind.
 */
export function createLease(settings: Settings, ports: WatchDeps): HubLease | undefined {
  const { lease: url, cluster, consulToken: token } = settings;
  if (url === undefined) return undefined;
  const place = readLeaseUrl(url, cluster);
  if (place === undefined) return createConsulLease(url, { ...ports, cluster, token });
  const { endpoints, key } = place;
  const access = { endpoints, namedBy: "--lease", keys: key, ...etcdCredentials(settings) };
  return new EtcdLease({ ...ports, access, url, key });
}
