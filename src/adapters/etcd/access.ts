import { formatHostPort } from "../../discovery/addresses.ts";
import { readHostAndPort } from "../../discovery/host-and-port.ts";

/** How an etcd is reached, and with which credentials. */
export interface EtcdAccess {
  /** Origins of its members, in the order in which they are tried. */
  readonly endpoints: readonly string[];
  /** The variable or flag by which the operator has named them, for messages. */
  readonly namedBy: string;
  /** The prefix of the nodes' keys, for messages. */
  readonly keys: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** The settings for every etcd, whoever names its members. */
export type EtcdCredentials = Pick<EtcdAccess, "user" | "password" | "tls">;

/** Members of one etcd: usually three or five, rarely seven. */
export const ENDPOINTS_MAX = 9;
const CLIENT_PORT = 2379;

/** The form of a member of etcd, for people; completes "give …". */
export const ENDPOINT_FORM =
  "the URL of an etcd without user or path, like http://10.0.0.5:2379, or host:port";

/**
 * The origin of a member, from its URL or `host[:port]` as in etcdctl; undefined for anything else.
 */
export function readEndpoint(text: string): string | undefined {
  const [, scheme = "http", rest] = /^(?:(https?):\/\/)?([^/?#@\s]+)\/?$/i.exec(text.trim()) ?? [];
  const { host, port = CLIENT_PORT } = (rest && readHostAndPort(rest)) || {};
  if (host === undefined) return undefined;
  return `${scheme.toLowerCase()}://${formatHostPort({ host, port })}`;
}

/** The location of a lease. */
export interface LeasePlace {
  readonly endpoints: readonly string[];
  readonly key: string;
}

const KEY_CHARACTERS_MAX = 256;

/**
 * Members and key of `etcd://host:2379,host2:2379/key`; without a key the default one of the
 * cluster. Undefined for anything else.
 */
export function readLeaseUrl(url: string, cluster: string): LeasePlace | undefined {
  const [, secure, members, key] = /^etcd(s?):\/\/([^/]+)((?:\/[\x21-\x7e]*)?)$/.exec(url) ?? [];
  if (members === undefined || key === undefined || key.length > KEY_CHARACTERS_MAX)
    return undefined;
  const scheme = secure === "" ? "http" : "https";
  const texts = members.split(",");
  const endpoints = texts.flatMap((text) =>
    text.includes("://") ? [] : (readEndpoint(`${scheme}://${text}`) ?? []),
  );
  if (endpoints.length !== texts.length || endpoints.length > ENDPOINTS_MAX) return undefined;
  return { endpoints, key: key.length > 1 ? key : `${clusterPrefix(cluster)}hub` };
}

/** The prefix of all keys. */
export const ROOT = "/tankd/";

/** The prefix of the keys of one cluster of nodes. */
export function clusterPrefix(cluster: string): string {
  return `${ROOT}${cluster}/`;
}
