import { LIMITS } from "../platform/limits.ts";
import { formatHostPort } from "./addresses.ts";
import type { Address, Announcement, Nomination } from "./backend.ts";
import { readHostAndPort } from "./host-and-port.ts";

/**
 * What a node says about itself in a few short texts: the TXT record of DNS-SD, tags of Serf,
 * metadata of Consul, a value in etcd. All use the keys of the TXT record.
 */
export type Hints = Readonly<Record<string, string>>;

/** A nomination from a node's hints, as far as they are valid. */
export type Hinted = Pick<Nomination, "nodeId" | "cluster" | "role" | "priority" | "bootId">;

const ROLES: readonly Announcement["role"][] = ["discovering", "hub", "worker"];
/** For a backend without a field for addresses: `host:port,host:port`, best first. */
const ADDRESSES_KEY = "addr";
/** A hint is one word of printable ASCII. */
const WORD = /^[\x21-\x7e]+$/;

export function hintsOf(announcement: Announcement): Hints {
  return {
    id: announcement.nodeId,
    cluster: announcement.cluster,
    role: announcement.role,
    prio: String(announcement.priority),
    v: announcement.version,
    boot: announcement.bootId,
  };
}

/** The same with the addresses, for a backend that carries only texts. */
export function hintsWithAddresses(announcement: Announcement): Hints {
  const addresses = announcement.addresses.map(formatHostPort).join(",");
  return { ...hintsOf(announcement), [ADDRESSES_KEY]: addresses };
}

/** The hints that may avoid a dial; missing and malformed ones are ignored. */
export function readHints(hint: (key: string) => string | undefined): Hinted {
  const word = (key: string) => {
    const value = hint(key);
    const isWord = value !== undefined && WORD.test(value);
    return isWord && value.length <= LIMITS.nameCharactersMax ? value : undefined;
  };
  const [nodeId, cluster, bootId] = [word("id"), word("cluster"), word("boot")];
  const role = ROLES.find((one) => one === word("role"));
  const priority = /^\d{1,7}$/.test(word("prio") ?? "") ? Number(word("prio")) : undefined;
  return {
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(role === undefined ? {} : { role }),
    ...(priority === undefined ? {} : { priority }),
    ...(bootId === undefined ? {} : { bootId }),
  };
}

/** The addresses among another node's hints; anything else is left out. */
export function readAddresses(hint: (key: string) => string | undefined): readonly Address[] {
  const texts = (hint(ADDRESSES_KEY) ?? "").split(",").slice(0, LIMITS.addressesPerServerMax);
  return texts.flatMap((text) => {
    const { host, port } = readHostAndPort(text) ?? {};
    return host === undefined || port === undefined ? [] : [{ host, port }];
  });
}
