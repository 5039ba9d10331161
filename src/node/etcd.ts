import {
  type EtcdAccess,
  type EtcdCredentials,
  ROOT,
  readEndpoint,
} from "../adapters/etcd/access.ts";
import type { Settings } from "./settings/table.ts";

type EtcdSettings = Pick<
  Settings,
  "etcdEndpoints" | "etcdUser" | "etcdPassword" | "etcdCa" | "etcdCert" | "etcdKey"
>;

/** The default endpoint of etcd on its own machine. */
const HERE = "http://127.0.0.1:2379";

/** The etcd through which nodes find each other. */
export function discoveryEtcd(settings: EtcdSettings): EtcdAccess {
  const named = settings.etcdEndpoints.flatMap((text) => readEndpoint(text) ?? []);
  const endpoints = named.length > 0 ? named : [HERE];
  return { endpoints, namedBy: "ETCD_ENDPOINTS", keys: ROOT, ...etcdCredentials(settings) };
}

/** The settings that apply to any etcd. */
export function etcdCredentials(settings: EtcdSettings): EtcdCredentials {
  const { etcdUser: user, etcdPassword: password } = settings;
  const { etcdCa: ca, etcdCert: cert, etcdKey: key } = settings;
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return { ...(user && { user }), ...(password && { password }), tls };
}
