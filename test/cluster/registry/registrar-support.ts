import type { Claimant } from "../../../src/cluster/registry/claimant.ts";
import { Registrar } from "../../../src/cluster/registry/registrar.ts";
import type { Registration } from "../../../src/cluster/registry/registration-messages.ts";
import type { Address } from "../../../src/discovery/backend.ts";
import { PROBLEMS, Problem, type ProblemCode } from "../../../src/platform/errors.ts";
import { setUp as setUpRegistry } from "./registry-support.ts";

/** An address of the hub's machine. */
export const OWN = "10.0.0.1";
/** Of this machine too. */
export const SECOND = "10.0.1.1";
const BODY: Registration = { server_id: "reef", host: "10.0.0.2", port: 8000 };
export const INTERVAL_MS = 30_000;

export function setUp(isMember: (nodeId: string) => boolean = () => true) {
  const { registry, peers, time } = setUpRegistry();
  const nominated: (readonly [string, readonly Address[], string | undefined])[] = [];
  const registrar = new Registrar({
    nodeId: "self",
    registry,
    peers,
    nominate: (...nomination) => nominated.push(nomination),
    policy: () => ({ own: ["127.0.0.1", OWN, SECOND], onLoopback: false, onLinkLocal: false }),
    discoveredBy: () => [],
    heard: () => {},
    isMember,
    nowMs: () => time.nowMs,
  });
  const register = (claimant: Partial<Claimant>, body: Partial<Registration> = {}) =>
    registrar.register({ ...BODY, ...body }, from(claimant), INTERVAL_MS);
  const beat = (claimant: Partial<Claimant>, body: Partial<Registration> = {}) =>
    registrar.beat("reef", { ...BODY, ...body }, from(claimant), INTERVAL_MS);
  return { registrar, registry, peers, nominated, time, register, beat };
}

export function from(claimant: Partial<Claimant>): Claimant {
  return {
    signer: undefined,
    controlled: false,
    source: "10.0.0.9",
    via: undefined,
    named: undefined,
    ...claimant,
  };
}

export function refusal(action: () => unknown): ProblemCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof Problem && error.code in PROBLEMS) return error.code;
    throw error;
  }
  return undefined;
}
