import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Timers } from "../../platform/timers.ts";
import { type Member, readAgentName, readMembers } from "./members.ts";
import { connectRpc, NotSerf, plainText, RefusedCommand, type SerfRpc } from "./rpc.ts";
import type { TagChange } from "./tags.ts";

/** Where an agent is asked, and its key, if it has one. */
export interface AgentAddress {
  readonly address: Address;
  readonly key: string | undefined;
}

/**
 * Why an agent cannot be used: nothing answers, another program does, it refuses this node, or it
 * hangs.
 */
export type AgentTrouble = "absent" | "foreign" | "refusing" | "silent";

/** The message is one line with the remedy. */
export class AgentError extends Error {
  readonly trouble: AgentTrouble;

  constructor(trouble: AgentTrouble, message: string) {
    super(message);
    this.trouble = trouble;
  }
}

/** The version of the RPC protocol; there is no other. */
const RPC_VERSION = 1;
const ANSWER_MS = 5_000;
/** The agent tries each address of a name for up to 10 s. */
const JOIN_MS = 60_000;
/** The agent tells its peers about new tags and its leave first, and waits up to 5 s for that. */
const TELL_MS = 15_000;
const MEMBER_EVENTS = "member-join,member-leave,member-failed,member-update,member-reap";
const NO_KEY = "Authentication required";
const WRONG_KEY = "Invalid authentication token";

/** An agent with an open session. Its commands reject like {@link SerfRpc.request}. */
export class Agent {
  readonly address: Address;
  /** The name of its member. */
  readonly name: string;
  readonly #rpc: SerfRpc;

  private constructor(address: Address, name: string, rpc: SerfRpc) {
    this.address = address;
    this.name = name;
    this.#rpc = rpc;
  }

  /** Rejects with {@link AgentError}. */
  static async open(at: AgentAddress, timers: Timers): Promise<Agent> {
    const where = formatHostPort(at.address);
    const rpc = await connectRpc(at.address, timers).catch((error) => {
      throw new AgentError("absent", `no Serf agent answers at ${where}${because(error)}`);
    });
    try {
      return new Agent(at.address, await introduce(rpc, at.key), rpc);
    } catch (error) {
      rpc.close();
      throw explain(error, where, at.key !== undefined);
    }
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<Error> {
    return this.#rpc.ended;
  }

  get hasEnded(): boolean {
    return this.#rpc.hasEnded;
  }

  /** Members with all of these tags; the texts are regular expressions for a whole value. */
  async membersWith(tags: Readonly<Record<string, string>>): Promise<readonly Member[]> {
    return this.#members({ Tags: tags });
  }

  async aliveMembers(): Promise<readonly Member[]> {
    return this.#members({ Status: "alive" });
  }

  /** The agent's own member. */
  async self(): Promise<Member | undefined> {
    const found = await this.#members({ Name: exactly(this.name) });
    return found.find(({ name }) => name === this.name);
  }

  async setTags(change: TagChange): Promise<void> {
    await this.#rpc.request({ command: "tags", body: { ...change }, timeoutMs: TELL_MS });
  }

  /** Joins the cluster of the agent at `host:port`. The agent answers nothing else meanwhile. */
  async join(place: string): Promise<void> {
    const body = { Existing: [place], Replay: false };
    await this.#rpc.request({ command: "join", body, isAnswered: true, timeoutMs: JOIN_MS });
  }

  /** Makes the agent leave its cluster, after which it ends. */
  async leave(): Promise<void> {
    await this.#rpc.request({ command: "leave", timeoutMs: TELL_MS });
  }

  /** Calls `onEvent` after each change of the members. */
  follow(onEvent: () => void): Promise<void> {
    return this.#rpc.follow(MEMBER_EVENTS, ANSWER_MS, onEvent);
  }

  close(reason?: string): void {
    this.#rpc.close(reason);
  }

  async #members(filter: Readonly<Record<string, unknown>>): Promise<readonly Member[]> {
    const command = "members-filtered";
    const request = { command, body: filter, isAnswered: true, timeoutMs: ANSWER_MS };
    return readMembers(await this.#rpc.request(request));
  }
}

/** A regular expression (of Go) for exactly this text. */
export function exactly(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** The handshake of the protocol. Returns the agent's name. */
async function introduce(rpc: SerfRpc, key: string | undefined): Promise<string> {
  const handshake = { command: "handshake", body: { Version: RPC_VERSION }, timeoutMs: ANSWER_MS };
  await rpc.request(handshake);
  if (key !== undefined) {
    // An agent without a key refuses any; whether it needs one shows at the next command.
    const auth = { command: "auth", body: { AuthKey: key }, timeoutMs: ANSWER_MS };
    await rpc.request(auth).catch((error) => {
      if (!(error instanceof RefusedCommand && error.message === WRONG_KEY)) throw error;
    });
  }
  const stats = { command: "stats", isAnswered: true, timeoutMs: ANSWER_MS };
  const name = readAgentName(await rpc.request(stats));
  if (name === undefined) throw new NotSerf("it has no name");
  return name;
}

function explain(error: unknown, where: string, hasKey: boolean): AgentError {
  if (error instanceof RefusedCommand) {
    const refusal = hasKey
      ? `the Serf agent at ${where} refuses the key: set SERF_RPC_AUTH to its rpc_auth`
      : `the Serf agent at ${where} asks for a key: set SERF_RPC_AUTH to its rpc_auth`;
    const says = `the Serf agent at ${where} says: ${error.message}`;
    return new AgentError("refusing", error.message === NO_KEY ? refusal : says);
  }
  if (error instanceof NetworkError && error.failure === "timeout") {
    return new AgentError("silent", `the Serf agent at ${where} does not answer: restart it`);
  }
  return new AgentError("foreign", `the program at ${where} is not a Serf agent${because(error)}`);
}

function because(error: unknown): string {
  const reason = error instanceof NetworkError ? error.reason : "";
  return reason === "" ? "" : ` (${plainText(reason)})`;
}
