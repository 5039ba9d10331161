import { NetworkError } from "../../platform/network.ts";
import { UNSHOWN } from "../../platform/shown-text.ts";
import type { EndpointReply } from "../http/endpoint.ts";
import type { EtcdAccess } from "./access.ts";
import { Fields } from "./fields.ts";

/** Status codes of gRPC that etcd answers with. */
const CODE = {
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Another member of the same etcd may give a better answer. */
const OF_ONE_MEMBER: readonly number[] = [CODE.unknown, CODE.deadlineExceeded, CODE.unavailable];

const SAID_CHARACTERS_MAX = 160;

/** etcd has answered, but with an error. `message` is one line for people. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly code: number;
  /** etcd's own text. */
  readonly said: string;

  constructor(code: number, said: string, message: string) {
    super(message);
    this.code = code;
    this.said = said;
  }

  /** The token is no longer valid, or one is required. */
  get isAboutToken(): boolean {
    return (
      this.code === CODE.unauthenticated || /user name is empty|revision of auth/.test(this.said)
    );
  }

  get isUnknownLease(): boolean {
    return this.code === CODE.notFound && this.said.includes("lease not found");
  }
}

/** Whether to ask the next member: this one is not there, is not an etcd, or has no leader. */
export function isOfOneMember(error: unknown): boolean {
  return error instanceof EtcdError
    ? OF_ONE_MEMBER.includes(error.code)
    : error instanceof NetworkError;
}

/**
 * The error in an answer, in the form of 3.4 or of later versions; undefined if there is none. In a
 * stream the error is nested one level deeper.
 */
export function complaintOf(answer: Fields): { code: number; said: string } | undefined {
  const error = answer.fields("error");
  const code = error.int32("code") || error.int32("grpc_code") || answer.int32("code");
  const said = error.text("message") || answer.text("message") || answer.text("error");
  if (code !== 0) return { code, said };
  const result = answer.fields("result");
  if (!result.isTrue("canceled")) return undefined;
  return complaintOfWatch(result);
}

/** A watch that was cancelled; the stream itself continues. */
function complaintOfWatch(result: Fields): { code: number; said: string } {
  const said = result.text("cancel_reason");
  if (said.includes("code = PermissionDenied")) return { code: CODE.permissionDenied, said };
  if (said.includes("code = Unauthenticated")) return { code: CODE.unauthenticated, said };
  const compacted = result.int64("compact_revision") > 0n;
  return { code: CODE.unknown, said: said || (compacted ? "it was compacted" : "watch cancelled") };
}

/** The error for an answer that etcd would not give; undefined if it is valid. */
export function failureOf(
  reply: EndpointReply,
  access: EtcdAccess,
  origin: string,
): EtcdError | undefined {
  const answer = new Fields(reply.json);
  const complaint = complaintOf(answer);
  if (complaint && !isNoSuchPath(reply)) {
    return etcdError(complaint, access, origin);
  }
  const header = (answer.has("result") ? answer.fields("result") : answer).fields("header");
  if (reply.status === 200 && header.text("cluster_id") !== "") return undefined;
  const reason = reply.text.includes("HTTP request to an HTTPS server")
    ? `wants https: write https:// before its address in ${access.namedBy}`
    : "does not answer like etcd 3.4 or later: correct " +
      `${access.namedBy}, or let it run with --enable-grpc-gateway=true`;
  return new EtcdError(CODE.unavailable, "", `etcd at ${origin} ${reason}`);
}

export function etcdError(
  { code, said }: { readonly code: number; readonly said: string },
  access: EtcdAccess,
  origin: string,
): EtcdError {
  return new EtcdError(code, said, `etcd at ${origin} ${explain(code, said, access)}`);
}

/** The error of a member that gave no answer at all, with the remedy. */
export function unreachable(error: NetworkError, access: EtcdAccess, origin: string): NetworkError {
  const { failure, reason } = error;
  const message = `etcd at ${origin}: ${reason} (${mendOf(reason, access)})`;
  return new NetworkError(failure, message, reason);
}

function mendOf(reason: string, { namedBy }: EtcdAccess): string {
  if (/altnames/.test(reason)) return `name it as its certificate does, in ${namedBy}`;
  if (/alert.*certificate|certificate.required/i.test(reason)) {
    return "it requires TANKD_ETCD_CERT_FILE and TANKD_ETCD_KEY_FILE";
  }
  if (/certificate|issuer/i.test(reason)) return "name its authority in TANKD_ETCD_CA_FILE";
  if (/reset|closed/.test(reason)) return `is it http or https in ${namedBy}?`;
  return `start it, or set ${namedBy}`;
}

/** Older servers have other names for the routes, or none. */
function isNoSuchPath({ status, text }: EndpointReply): boolean {
  return status === 404 && /"?not found"?/i.test(text) && !text.includes("etcdserver:");
}

function explain(code: number, said: string, { user, keys }: EtcdAccess): string {
  const credentials = "TANKD_ETCD_USER and TANKD_ETCD_PASSWORD";
  if (said.includes("user name is empty")) return `requires a user: set ${credentials}`;
  if (code === CODE.unauthenticated || said.includes("authentication failed")) {
    return `refuses the user or the password: correct ${credentials}`;
  }
  if (code === CODE.permissionDenied) {
    const who = user === undefined ? "tankd" : `the user ${JSON.stringify(user)}`;
    return `keeps ${who} from its keys: grant a role with readwrite on ${keys} and what follows`;
  }
  if (said.includes("database space exceeded")) {
    return 'takes no writes, as its database is full: see "etcdctl alarm list"';
  }
  if (OF_ONE_MEMBER.includes(code) && /leader|timed out|deadline/.test(said)) {
    return "has no leader: more than half of its members must run and reach each other";
  }
  return `says: ${shown(said) || `code ${code}`}`;
}

function shown(said: string): string {
  return [...said]
    .filter((one) => !UNSHOWN.test(one))
    .slice(0, SAID_CHARACTERS_MAX)
    .join("");
}
