import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address, Announcement } from "../../discovery/backend.ts";
import {
  type Hinted,
  hintsWithAddresses,
  readAddresses,
  readHints,
} from "../../discovery/hints.ts";
import type { Member, Tags } from "./members.ts";

/** Prefix of the keys of hints, so that the agent's own tags (`role` is a usual one) stay. */
const PREFIX = "tankd_";
export const ID_TAG = `${PREFIX}id`;
export const CLUSTER_TAG = `${PREFIX}cluster`;
/** Replaces addresses that do not fit: the port, at the address of the agent. */
const PORT_KEY = "port";
/** Size limit of all tags of an agent together (memberlist's MetaMaxSize). */
const TAGS_BYTES_MAX = 512;

/** The arguments of the `tags` command. Setting takes precedence over deleting. */
export interface TagChange {
  readonly Tags: Readonly<Record<string, string>>;
  readonly DeleteTags: readonly string[];
}

/** The tags of an agent that belong to this node, or to another one. */
export function ourTags(tags: Tags): Tags {
  return new Map([...tags].filter(([key]) => key.startsWith(PREFIX)));
}

/**
 * The tags for an announcement, besides the agent's foreign ones: with as many addresses as fit, or
 * with only the port if none does. Empty for a node without an address. Undefined if there is too
 * little room.
 */
export function tagsFor(announcement: Announcement, others: Tags): Tags | undefined {
  const { addresses } = announcement;
  if (addresses.length === 0) return new Map();
  for (let kept = addresses.length; kept >= 0; kept--) {
    const tags = tagsWith(announcement, addresses.slice(0, kept));
    if (encodedBytes(new Map([...others, ...tags])) <= TAGS_BYTES_MAX) return tags;
  }
  return undefined;
}

function tagsWith(announcement: Announcement, addresses: readonly Address[]): Tags {
  const { addr, ...hints } = hintsWithAddresses({ ...announcement, addresses });
  const [first] = announcement.addresses;
  const place = addr === "" ? { [PORT_KEY]: String(first?.port) } : { addr };
  return new Map(
    Object.entries({ ...hints, ...place }).map(([key, text]) => [`${PREFIX}${key}`, text ?? ""]),
  );
}

/** The change from the present to the wanted tags; undefined if they are equal. */
export function tagChange(present: Tags, wanted: Tags): TagChange | undefined {
  const set = [...wanted].filter(([key, text]) => present.get(key) !== text);
  const gone = [...present.keys()].filter((key) => !wanted.has(key));
  if (set.length + gone.length === 0) return undefined;
  return { Tags: Object.fromEntries(set), DeleteTags: gone };
}

export function hintsOfMember({ tags }: Member): Hinted {
  return readHints((key) => tags.get(`${PREFIX}${key}`));
}

/** The addresses in the tags, or the address of the member's agent with the port in the tags. */
export function addressesOfMember({ tags, host }: Member): readonly Address[] {
  const named = readAddresses((key) => tags.get(`${PREFIX}${key}`));
  if (named.length > 0) return named;
  const port = tags.get(`${PREFIX}${PORT_KEY}`) ?? "";
  return readAddresses(() => formatHostPort({ host, port: Number(port) }));
}

/**
 * Size in Serf's encoding: a byte of its own, the head of a map, and texts in MessagePack, of which
 * those from 32 bytes on have a head of up to three bytes.
 */
function encodedBytes(tags: Tags): number {
  const textBytes = (text: string) => {
    const bytes = Buffer.byteLength(text);
    return bytes + (bytes < 32 ? 1 : 3);
  };
  const texts = [...tags].flat().map(textBytes);
  return 1 + (tags.size < 16 ? 1 : 3) + texts.reduce((sum, bytes) => sum + bytes, 0);
}
