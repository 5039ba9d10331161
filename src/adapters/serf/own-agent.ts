import {
  formatHostPort,
  isLinkLocal,
  isLoopback,
  usableInterfaceAddresses,
} from "../../discovery/addresses.ts";
import type { Address, Announcement } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";
import type { Machine } from "../../platform/machine.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import { Agent, AgentError } from "./agent.ts";
import { freePort } from "./free-port.ts";
import { plainText } from "./rpc.ts";
import { tagsFor } from "./tags.ts";

export const RPC_PORT = 7373;
export const SERF_PORT = 7946;
const LOOPBACK = "127.0.0.1";
/** By both transports, at one port. */
const GOSSIP = ["tcp", "udp"] as const;
const OWN_NAME = "tankd-";
/** A slow machine takes a second. The last attempt may end up to 8 s later if it hangs. */
const START_MS = 10_000;
const START_POLL_MS = 50;
/** It tells the others, and gives up after 3 s. */
const LEAVE_MS = 4_000;
const LEAVE_POLL_MS = 50;
/** Its last message is sent with two rounds of gossip, which are 200 ms apart. */
const LAST_WORD_MS = 400;
const MEND = 'run "serf agent" to see why, or start one for this node to use';
const OUTPUT_CHARACTERS_MAX = 4_096;

/**
 * Runs the agent in place of the shell. When the other end of standard input is closed, however
 * this node has ended, the agent is interrupted and leaves its cluster.
 */
const UNTIL_WE_END = `
exec 3<&0
{ cat <&3; kill -INT $$; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
`;

export interface OwnAgentDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
}

/** An agent that this node has started. */
export class OwnAgent {
  readonly rpc: Address;
  /** The address at which others join it. */
  readonly place: Address;
  readonly #name: string;
  readonly #process: AgentProcess;
  readonly #deps: OwnAgentDeps;
  #output = "";

  private constructor(
    name: string,
    { rpc, place }: { readonly rpc: Address; readonly place: Address },
    process: AgentProcess,
    deps: OwnAgentDeps,
  ) {
    this.#name = name;
    this.rpc = rpc;
    this.place = place;
    this.#process = process;
    this.#deps = deps;
    void this.#readOutput();
  }

  /**
   * Starts one and waits until it answers. Its name is new each time: Serf treats a name that comes
   * back elsewhere as a conflict, and may end the agent.
   */
  static async start(
    program: string,
    announcement: Announcement,
    deps: OwnAgentDeps,
  ): Promise<{ readonly own: OwnAgent; readonly agent: Agent }> {
    const { machine, random } = deps;
    const [host = LOOPBACK] = advertisedHosts(announcement, machine);
    const rpc = { host: LOOPBACK, port: await freePort(LOOPBACK, RPC_PORT) };
    const everywhere = wildcardFor(host);
    const bind = { host: everywhere, port: await freePort(everywhere, SERF_PORT, GOSSIP) };
    const place = { host, port: bind.port };
    const name = `${OWN_NAME}${announcement.nodeId}-${randomHex(random, 4)}`;
    const tags = tagsFor(announcement, new Map()) ?? [];
    const process = spawn(program, [
      "agent",
      `-node=${name}`,
      `-bind=${formatHostPort(bind)}`,
      `-advertise=${formatHostPort(place)}`,
      `-rpc-addr=${formatHostPort(rpc)}`,
      "-log-level=warn",
      ...[...tags].map(([key, text]) => `-tag=${key}=${text}`),
    ]);
    const own = new OwnAgent(name, { rpc, place }, process, deps);
    try {
      return { own, agent: await own.#untilItAnswers() };
    } catch (error) {
      await own.end();
      throw error;
    }
  }

  /** Another agent of this machine, if the usual port was in use: the two are joined. */
  get neighbour(): Address | undefined {
    return this.place.port === SERF_PORT ? undefined : { ...this.place, port: SERF_PORT };
  }

  /**
   * Whether a node, or this very one, has started the agent: it ends with that node, so no other
   * relies on it.
   */
  static isOne(agent: Agent, nodeId?: string): boolean {
    return agent.name.startsWith(nodeId === undefined ? OWN_NAME : `${OWN_NAME}${nodeId}-`);
  }

  /** Whether it is announced to others at an address that this node still has. */
  suits(announcement: Announcement, machine: Machine): boolean {
    return advertisedHosts(announcement, machine).includes(this.place.host);
  }

  /** Makes it leave its cluster, and ends it when it has, or if it does not. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    const gone = this.#process.exited;
    const late = sleep(this.#deps.timers, LEAVE_MS);
    await Promise.race([gone, late, this.#untilItHasLeft().catch(() => late)]);
    this.#process.kill("SIGKILL");
    await gone;
  }

  /**
   * It would stay for another second, even if it is alone, for members that have not heard yet that
   * it leaves (`LeavePropagateDelay`, which cannot be set). By then they know its intention: if it
   * does not answer, it counts as left.
   */
  async #untilItHasLeft(): Promise<void> {
    const { timers } = this.#deps;
    const agent = await this.#open();
    try {
      const isAlone = (await agent.aliveMembers()).every(({ name }) => name === this.#name);
      while ((await agent.self())?.status !== "left") await sleep(timers, LEAVE_POLL_MS);
      if (!isAlone) await sleep(timers, LAST_WORD_MS);
    } finally {
      agent.close();
    }
  }

  async #untilItAnswers(): Promise<Agent> {
    const { clock, timers } = this.#deps;
    const deadlineMs = clock.monotonicMs() + START_MS;
    let failure = "it does not answer";
    // An attempt takes no time if nothing listens, and seconds if something listens and is silent.
    while (clock.monotonicMs() < deadlineMs) {
      if (this.#process.exitCode !== null) break;
      try {
        const agent = await this.#open();
        if (agent.name === this.#name) return agent;
        agent.close();
      } catch (error) {
        const isSilent = error instanceof AgentError && error.trouble === "silent";
        failure = isSilent ? "it hangs" : messageOf(error);
      }
      await sleep(timers, START_POLL_MS);
    }
    const reason = this.#complaint() ?? failure;
    throw new Error(`serf agent does not start: ${reason}; ${MEND}`);
  }

  #open(): Promise<Agent> {
    return Agent.open({ address: this.rpc, key: undefined }, this.#deps.timers);
  }

  /** The part of its output that tells why it has ended. */
  #complaint(): string | undefined {
    const lines = this.#output
      .split("\n")
      .filter((line) => /^==> .*(fail|error|invalid)/i.test(line));
    const last = lines.at(-1);
    return last === undefined ? undefined : plainText(last.replace(/^==> /, ""));
  }

  /** A program whose output is not read blocks eventually. */
  async #readOutput(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      const text = this.#output + decoder.decode(chunk, { stream: true });
      this.#output = text.slice(-OUTPUT_CHARACTERS_MAX);
    }
  }
}

type AgentProcess = Bun.Subprocess<"pipe", "pipe", "ignore">;

/** It inherits neither the environment, which may contain secrets, nor signals of the terminal. */
function spawn(program: string, options: readonly string[]): AgentProcess {
  return Bun.spawn(["/bin/sh", "-c", UNTIL_WE_END, "sh", program, ...options], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    detached: true,
    env: { PATH: process.env["PATH"] },
  });
}

/** Where other agents may find this one, best first: the node's addresses, but never a name. */
function advertisedHosts(announcement: Announcement, machine: Machine): readonly string[] {
  const named = announcement.addresses.map(({ host }) => host);
  const interfaces = machine.addresses();
  const defaultRouteInterface = machine.defaultRouteInterface();
  const ours = usableInterfaceAddresses({ interfaces, defaultRouteInterface });
  return [...named, ...ours.map(({ address }) => address)].filter(
    (host) => isIpLiteral(host) && !isLinkLocal(host),
  );
}

function wildcardFor(host: string): string {
  if (isLoopback(host)) return host;
  return host.includes(":") ? "::" : "0.0.0.0";
}
