import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { ClusterEvents } from "../events.ts";
import type { RoleKeeper } from "../membership/role.ts";
import { type DialPolicy, passedOnSource } from "../peers/dial-policy.ts";
import { isReady, type KnownAddress, placesOf } from "../peers/peer.ts";
import type { PeerSockets } from "../peers/peer-sockets.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { TUNNEL_PATH } from "./messages.ts";
import { type LocalService, NodeEnd } from "./node-end.ts";

export interface TunnelKeeperDeps {
  readonly deps: Pick<ClusterDeps, "clock" | "timers" | "settings" | "log">;
  readonly events: ClusterEvents;
  readonly table: PeerTable;
  readonly role: RoleKeeper;
  readonly peerSockets: Pick<PeerSockets, "connect">;
  readonly policy: () => DialPolicy;
}

/**
 * Delay of the tunnel to a hub that could not say yet whether it can dial this node: it takes the
 * hub 5 s to give up on connections that a firewall drops, and a fish should not wait that long.
 */
const UNKNOWN_MS = 2_000;
/** Once the hub can dial this node for this long, the tunnel is no longer needed. */
const DIALABLE_MS = 30_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

interface Tunnel {
  readonly to: string;
  readonly end: NodeEnd;
}

/**
 * Holds a tunnel to the followed node while that cannot dial this one: messages to this node arrive
 * through the tunnel. After a change of hub a new tunnel is opened, and the old one stays until the
 * new one is open.
 */
export class TunnelKeeper {
  readonly #with: TunnelKeeperDeps;
  #service: LocalService | undefined;
  #tunnel: Tunnel | undefined;
  #target: string | undefined;
  #targetSinceMs = 0;
  /** Whether the last hub that knew could not dial this node: the next will not either. */
  #isNeeded = false;
  #dialableSinceMs: number | undefined;
  #isOpening = false;
  #retryMs = RETRY_MIN_MS;
  #cancelRetry: Cancel = () => {};

  constructor(withDeps: TunnelKeeperDeps) {
    this.#with = withDeps;
    withDeps.events.on("role_changed", () => this.#retarget());
    withDeps.events.on("pinged", ({ nodeId, dialable }) => this.#hear(nodeId, dialable));
  }

  /** The node through which this one is reached. */
  get relay(): string | undefined {
    return this.#tunnel?.to;
  }

  /** From now on this handles what arrives through the tunnel. */
  serveWith(service: LocalService): void {
    this.#service = service;
  }

  /** Permanently, or until the node follows a hub again. */
  release(): void {
    this.#cancelRetry();
    this.#target = undefined;
    this.#leave("the node leaves");
  }

  #retarget(): void {
    const { role, hub, via } = this.#with.role.state;
    const target = role === "worker" ? (via ?? hub) : undefined;
    if (role === "hub") {
      this.#isNeeded = false;
      this.#leave("the node leads");
    }
    if (target === this.#target) return;
    this.#cancelRetry();
    this.#target = target;
    this.#targetSinceMs = this.#nowMs();
    this.#dialableSinceMs = undefined;
    this.#retryMs = RETRY_MIN_MS;
    if (this.#isNeeded) void this.#open();
  }

  /** `dialable`: null before the other has tried; undefined from a version without tunnels. */
  #hear(nodeId: string, dialable: boolean | null | undefined): void {
    if (nodeId !== this.#target || dialable === undefined) return;
    const nowMs = this.#nowMs();
    if (dialable === true) {
      this.#isNeeded = false;
      this.#dialableSinceMs ??= nowMs;
      if (nowMs - this.#dialableSinceMs > DIALABLE_MS) this.#leave("the node can be dialled");
      return;
    }
    this.#dialableSinceMs = undefined;
    const isPatient = dialable === null && nowMs - this.#targetSinceMs < UNKNOWN_MS;
    if (isPatient && !this.#isNeeded) return;
    this.#isNeeded = true;
    void this.#open();
  }

  async #open(): Promise<void> {
    const to = this.#target;
    const service = this.#service;
    if (to === undefined || service === undefined || this.#isOpening) return;
    if (this.#tunnel?.to === to) return;
    this.#isOpening = true;
    this.#cancelRetry();
    try {
      const tunnel = await this.#connect(to, service);
      if (this.#target !== to) tunnel.end.close("not needed");
      else this.#install(tunnel);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.#with.deps.log.debug("the tunnel does not open", { to, reason: error.reason });
      this.#retryLater();
    } finally {
      this.#isOpening = false;
    }
    if (this.#target !== undefined && this.#target !== to) await this.#open();
  }

  /** Where the other end answered last, or else at any other of its addresses. */
  async #connect(to: string, service: LocalService): Promise<Tunnel> {
    const peer = this.#with.table.get(to);
    let failure = new NetworkError("unreachable", `${to} is not known`);
    if (!isReady(peer)) throw failure;
    for (const address of placesOf(peer)) {
      if (this.#target !== to) break;
      try {
        return await this.#connectAt(address, to, service);
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #connectAt(address: KnownAddress, to: string, service: LocalService): Promise<Tunnel> {
    const { deps, peerSockets } = this.#with;
    const { settings, timers } = deps;
    const end = new NodeEnd(timers, {
      service,
      sourceOf: (source) =>
        passedOnSource(source, address.connectTo ?? address.host, this.#with.policy()),
      onClosed: (reason) => this.#lose(end, to, reason),
    });
    const socket = await peerSockets.connect(
      { nodeId: to, address },
      {
        path: TUNNEL_PATH,
        timeoutMs: settings.timing.discoveryTimeoutMs,
        messageBytesMax: LIMITS.tunnelPieceBytesMax,
      },
      end.listener,
    );
    end.open(socket);
    // The other end may have closed it with its first message.
    if (!end.isOpen) throw new NetworkError("unreachable", `${to} closed the tunnel at once`);
    return { to, end };
  }

  #install(tunnel: Tunnel): void {
    const before = this.#tunnel;
    this.#tunnel = tunnel;
    before?.end.close("moved");
    this.#with.deps.log.info("tunnel open", { to: tunnel.to });
    this.#tellChange();
  }

  #lose(end: NodeEnd, to: string, reason: string): void {
    if (this.#tunnel?.end !== end) return;
    this.#tunnel = undefined;
    this.#with.deps.log.info("tunnel closed", { to, reason });
    this.#tellChange();
    if (this.#isNeeded && to === this.#target) this.#retryLater();
  }

  #leave(reason: string): void {
    const tunnel = this.#tunnel;
    if (!tunnel) return;
    this.#tunnel = undefined;
    tunnel.end.close(reason);
    this.#with.deps.log.info("tunnel closed", { to: tunnel.to, reason });
    this.#tellChange();
  }

  #retryLater(): void {
    this.#cancelRetry();
    this.#cancelRetry = this.#with.deps.timers.after(this.#retryMs, () => void this.#open());
    this.#retryMs = Math.min(RETRY_MAX_MS, 2 * this.#retryMs);
  }

  /** The list of servers shows through which node this one is reached. */
  #tellChange(): void {
    if (this.#tunnel) this.#retryMs = RETRY_MIN_MS;
    this.#with.events.emit({ kind: "self_changed", addressesChanged: false });
  }

  #nowMs(): number {
    return this.#with.deps.clock.monotonicMs();
  }
}
