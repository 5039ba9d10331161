import { formatHostPort } from "../../discovery/addresses.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { ClusterDeps } from "../deps.ts";
import type { PeerReply } from "../peer-route.ts";
import type { PeerClient } from "../peers/peer-client.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import { problemCodeOf } from "../problem-code.ts";
import type { Registration } from "./registration-messages.ts";

export interface RegistrationDeps {
  readonly deps: ClusterDeps;
  readonly client: PeerClient;
  readonly table: PeerTable;
  /** The current registration. */
  readonly describe: () => Registration;
  /** The hub has answered with the name under which it shows this node. */
  readonly onRegistered: (serverId: string) => void;
}

const RETRY_MIN_MS = 500;

/**
 * Keeps a worker registered with its hub, in the form of the reference documents: once with
 * `POST /api/discovery/register`, then a heartbeat at every interval.
 */
export class HubRegistration {
  readonly #with: RegistrationDeps;
  #hub: string | undefined;
  #failures = 0;
  #registered = false;
  #busy = false;
  #again = false;
  #cancel: Cancel = () => {};

  constructor(withDeps: RegistrationDeps) {
    this.#with = withDeps;
  }

  /** Whether the hub has confirmed it. */
  get isRegistered(): boolean {
    return this.#registered;
  }

  /** Registers with this hub from now on. */
  follow(hub: string): void {
    this.#hub = hub;
    this.#registered = false;
    this.#failures = 0;
    this.now();
  }

  /** There is no hub any more. */
  release(): void {
    this.#hub = undefined;
    this.#cancel();
  }

  /** Registers again at once: the hub does not list this node, or its registration has changed. */
  now(): void {
    if (this.#hub === undefined || this.#with.deps.settings.register === false) return;
    this.#registered = false;
    void this.#run();
  }

  /**
   * Removes this node from the hub's list. Gives up silently after `timeoutMs`: the hub will notice
   * anyway.
   */
  async unregister(timeoutMs: number): Promise<void> {
    const hub = this.#hub;
    this.release();
    if (hub === undefined || !this.#registered) return;
    const { server_id } = this.#with.describe();
    const boot = encodeURIComponent(this.#with.deps.bootId);
    const path = `/api/discovery/unregister/${encodeURIComponent(server_id)}?boot_id=${boot}`;
    try {
      await this.#with.client.send(hub, "DELETE", path, undefined, { timeoutMs });
    } catch (error) {
      this.#with.deps.log.debug("failed to unregister", { hub, reason: messageOf(error) });
    }
  }

  async #run(): Promise<void> {
    this.#cancel();
    if (this.#busy) {
      this.#again = true;
      return;
    }
    const hub = this.#hub;
    if (hub === undefined) return;
    this.#busy = true;
    const ok = this.#registered ? await this.#beat(hub) : await this.#register(hub);
    this.#busy = false;
    if (this.#hub === undefined) return;
    if (this.#again || this.#hub !== hub) {
      this.#again = false;
      void this.#run();
      return;
    }
    this.#failures = ok ? 0 : this.#failures + 1;
    const { heartbeatMs } = this.#with.deps.settings.timing;
    const delayMs = ok ? heartbeatMs : Math.min(heartbeatMs, RETRY_MIN_MS * 2 ** this.#failures);
    this.#cancel = this.#with.deps.timers.after(delayMs, () => void this.#run());
  }

  async #register(hub: string): Promise<boolean> {
    const { log } = this.#with.deps;
    const address = this.#addressOf(hub);
    log.info("registering with discovery hub", { hub, address });
    try {
      const reply = await this.#post(hub, "/api/discovery/register", this.#with.describe());
      if (reply.status >= 300) throw new Error(`the hub answers ${reply.status}`);
      this.#registered = true;
      const shown = serverIdOf(reply.body);
      if (shown !== undefined) this.#with.onRegistered(shown);
      log.info(`registered with discovery hub at ${address}`, { hub });
      return true;
    } catch (error) {
      const event = `failed to register with discovery hub at ${address}`;
      log.warn(event, { hub, reason: messageOf(error) });
      return false;
    }
  }

  async #beat(hub: string): Promise<boolean> {
    const { log } = this.#with.deps;
    const address = this.#addressOf(hub);
    const record = this.#with.describe();
    const path = `/api/discovery/heartbeat/${encodeURIComponent(record.server_id)}`;
    try {
      const reply = await this.#post(hub, path, record);
      if (problemCodeOf(reply) === "unknown_server") {
        this.#registered = false;
        return this.#register(hub);
      }
      if (reply.status >= 300) throw new Error(`the hub answers ${reply.status}`);
      log.debug(`heartbeat sent to ${address}`, { hub });
      return true;
    } catch (error) {
      const event = `failed to send heartbeat to discovery hub at ${address}`;
      log.warn(event, { hub, reason: messageOf(error) });
      return false;
    }
  }

  #post(hub: string, path: string, body: Registration): Promise<PeerReply> {
    const timeoutMs = this.#with.deps.settings.timing.discoveryTimeoutMs;
    return this.#with.client.send(hub, "POST", path, body, { timeoutMs });
  }

  #addressOf(hub: string): string {
    const [address] = this.#with.table.get(hub)?.addresses ?? [];
    return address ? formatHostPort(address) : hub;
  }
}

function serverIdOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("server_id" in body)) return undefined;
  return typeof body.server_id === "string" ? body.server_id : undefined;
}
