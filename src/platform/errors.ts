/**
 * All failures that users or other programs can see: the stable code, the HTTP status (RFC 9457
 * `type` is `urn:tankd:problem:<code>`), and the exit code of a command (1 failed, 2 wrong usage, 3
 * no node running).
 */
export const PROBLEMS = {
  bad_request: { status: 400, exit: 1, title: "The request is malformed" },
  token_required: { status: 401, exit: 1, title: "The control token is missing or wrong" },
  bad_signature: { status: 401, exit: 1, title: "The peer's signature does not verify" },
  foreign_host: { status: 403, exit: 1, title: "This node does not accept this Host" },
  foreign_origin: { status: 403, exit: 1, title: "This node does not accept this Origin" },
  foreign_cluster: { status: 403, exit: 1, title: "That node belongs to another cluster" },
  not_trusted: { status: 403, exit: 1, title: "That node does not trust this one" },
  not_found: { status: 404, exit: 1, title: "There is no such path" },
  unknown_server: { status: 404, exit: 1, title: "No such server" },
  unknown_tank: { status: 404, exit: 1, title: "No such tank" },
  unknown_fish: { status: 404, exit: 1, title: "No such fish" },
  unknown_alias: { status: 404, exit: 1, title: "No such alias" },
  unknown_connection: { status: 404, exit: 1, title: "No such connection" },
  outside_history: { status: 404, exit: 1, title: "That part of the past cannot be replayed" },
  unknown_transfer: { status: 404, exit: 1, title: "No such transfer" },
  method_not_allowed: { status: 405, exit: 1, title: "This path does not accept that method" },
  conflict: { status: 409, exit: 1, title: "The request conflicts with the present state" },
  directory_copied: {
    status: 409,
    exit: 1,
    title: "This data directory is a copy or an old state of another one",
  },
  other_protocol: {
    status: 409,
    exit: 1,
    title: "That node speaks another version of the protocol",
  },
  other_engine: {
    status: 409,
    exit: 1,
    title: "Another version of the engine is needed",
  },
  transfer_mismatch: {
    status: 409,
    exit: 1,
    title: "This transfer id was used for another record",
  },
  transfer_refused: { status: 409, exit: 1, title: "The destination did not take it" },
  draining: { status: 409, exit: 1, title: "The node is being drained" },
  name_taken: { status: 409, exit: 1, title: "A tank of this node has that name" },
  moved: { status: 409, exit: 1, title: "The tank has moved to another node" },
  tank_moving: { status: 503, exit: 1, title: "The tank is moving to another node" },
  move_unfinished: { status: 504, exit: 1, title: "The move of the tank is not finished yet" },
  escrow_open: { status: 409, exit: 1, title: "The tank still has fish in escrow" },
  archive_too_large: { status: 413, exit: 1, title: "The tank's past is too large for one file" },
  body_too_large: { status: 413, exit: 1, title: "The body is too large" },
  json_required: { status: 415, exit: 1, title: "The body must be application/json" },
  invalid: { status: 422, exit: 1, title: "The request is well-formed but invalid" },
  bad_archive: { status: 422, exit: 1, title: "This is not a valid archive of a tank" },
  diverged: { status: 422, exit: 1, title: "The replay differs from the record" },
  archive_type_required: {
    status: 415,
    exit: 1,
    title: "The body must be application/vnd.tankd.tank",
  },
  no_placement: { status: 422, exit: 1, title: "No server can take the tank" },
  unsupported_entity: { status: 422, exit: 1, title: "This kind of entity is not supported" },
  misdirected: { status: 421, exit: 1, title: "Another node is responsible" },
  too_many: { status: 429, exit: 1, title: "A limit has been reached" },
  internal: { status: 500, exit: 1, title: "An internal error" },
  unreachable: { status: 502, exit: 1, title: "The other node does not answer" },
  storage_unavailable: { status: 503, exit: 1, title: "The storage does not take writes" },
  lease_lost: { status: 503, exit: 1, title: "The hub's lease has expired" },
  not_ready: { status: 503, exit: 1, title: "The node is not ready" },
  usage: { status: 400, exit: 2, title: "Wrong usage" },
  bad_setting: { status: 400, exit: 2, title: "A setting has an invalid value" },
  port_taken: { status: 500, exit: 1, title: "The port is taken" },
  data_directory_unusable: { status: 500, exit: 1, title: "The data directory cannot be used" },
  data_directory_in_use: {
    status: 500,
    exit: 1,
    title: "Another node runs on this data directory",
  },
  no_node: { status: 503, exit: 3, title: "No node is running here" },
  impostor: {
    status: 502,
    exit: 1,
    title: "The program on that port is not the node it claims to be",
  },
} as const satisfies Record<string, { status: number; exit: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A failure with a stable code. `message` is one sentence for users, with a remedy if possible. */
export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Problem";
    this.code = code;
  }
}

/**
 * The storage does not take writes now (full, read-only, gone). The write had no effect. Defined
 * here because files and journal fail in the same way.
 */
export class StorageUnavailable extends Error {
  override readonly name: string = "StorageUnavailable";
}

/**
 * The storage is damaged, not busy or full: no later write will succeed, and some reads may not.
 */
export class StorageDamaged extends StorageUnavailable {
  override readonly name = "StorageDamaged";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Checks an invariant, in production too. Throws when it does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
