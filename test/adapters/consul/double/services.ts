import type { Cancel } from "../../../../src/platform/timers.ts";
import type { CheckDefinition, ServiceDefinition } from "./service-definition.ts";
import type { Found, ServerState } from "./state.ts";
import { Refusal } from "./wire.ts";

export type Status = "passing" | "warning" | "critical";

interface Check extends Omit<CheckDefinition, "status"> {
  status: Status;
  output: string;
  /** Monotonic; while it is critical. */
  criticalSinceMs: number | undefined;
  cancelExpiry: Cancel;
}

interface Service extends ServiceDefinition {
  readonly checks: Map<string, Check>;
  maintenance: string | undefined;
}

/** How often critical services are looked for. */
const REAP_EVERY_MS = 30_000;
const NODE = { ID: "5d2a1c34-8c37-4b0e-9a51-0b8a6dd8a7f1", Node: "double", Address: "127.0.0.1" };

/** The services that are registered with the agent, and what the catalog says of them. */
export class Services {
  readonly #state: ServerState;
  /** By id. */
  readonly #services = new Map<string, Service>();
  /** By name: at which index its instances or their health last changed. */
  readonly #indices = new Map<string, number>();
  /** Before Consul 1.11 an unknown check was no 404. */
  hasOldStatuses = false;
  #cancelReaping: Cancel = () => {};

  constructor(state: ServerState) {
    this.#state = state;
  }

  get ids(): readonly string[] {
    return [...this.#services.keys()];
  }

  nameOf(id: string): string | undefined {
    return this.#services.get(id)?.name;
  }

  nameOfCheck(checkId: string): string | undefined {
    return this.#find(checkId)?.service.name;
  }

  register(definition: ServiceDefinition): void {
    const before = this.#services.get(definition.id);
    const service: Service = { ...definition, checks: new Map(), maintenance: before?.maintenance };
    for (const one of definition.checkDefinitions) {
      const known = before?.checks.get(one.id);
      known?.cancelExpiry();
      // A check that was there keeps its status, whatever the registration says.
      const status = known?.status ?? one.status;
      const criticalSinceMs = known?.criticalSinceMs ?? this.#criticalSince(status);
      const output = known?.output ?? "";
      const check = { ...one, status, output, criticalSinceMs, cancelExpiry: () => {} };
      service.checks.set(check.id, check);
      this.#awaitReport(service, check);
    }
    this.#services.set(service.id, service);
    this.#change(service.name);
    this.#scheduleReaping();
  }

  deregister(id: string): void {
    const service = this.#services.get(id);
    if (!service) {
      const hint = "Ensure that the service ID is passed, not the service name.";
      throw this.#unknown(`Unknown service ID ${JSON.stringify(id)}. ${hint}`);
    }
    for (const check of service.checks.values()) check.cancelExpiry();
    this.#services.delete(id);
    this.#change(service.name);
  }

  setStatus(checkId: string, status: Status, output: string): void {
    const found = this.#find(checkId);
    if (!found) {
      const hint = "Ensure that the check ID is passed, not the check name.";
      throw this.#unknown(`Unknown check ID ${JSON.stringify(checkId)}. ${hint}`);
    }
    this.#update(found.service, found.check, status, output);
    this.#awaitReport(found.service, found.check);
  }

  setMaintenance(id: string, reason: string | undefined): void {
    const service = this.#services.get(id);
    if (!service) throw new Refusal(404, `No service registered with ID ${JSON.stringify(id)}`);
    service.maintenance = reason;
    this.#change(service.name);
  }

  /** The agent loses all that was registered with it, as one without a data directory does. */
  forget(): void {
    for (const id of this.ids) this.deregister(id);
  }

  /** An older snapshot of the catalog: the same services at lower indices. */
  restore(index: number): void {
    for (const name of this.#indices.keys()) this.#indices.set(name, index);
  }

  entries(name: string): Found<readonly unknown[]> {
    const services = [...this.#services.values()].filter((one) => one.name === name);
    return {
      index: this.#indices.get(name) ?? 0,
      value: services.map((one) => entryOf(one, this.#indices.get(name) ?? 0)),
    };
  }

  agentServices(): unknown {
    const all = [...this.#services.values()];
    return Object.fromEntries(all.map((one) => [one.id, serviceOf(one, 0)]));
  }

  agentChecks(): unknown {
    const all = [...this.#services.values()].flatMap((one) => checksOf(one));
    return Object.fromEntries(all.map((check) => [check.CheckID, check]));
  }

  #awaitReport(service: Service, check: Check): void {
    check.cancelExpiry();
    check.cancelExpiry = this.#state.ports.timers.after(check.ttlMs, () => {
      const last =
        check.output === "" ? "" : ` (last output before timeout follows): ${check.output}`;
      this.#update(service, check, "critical", `TTL expired${last}`);
    });
  }

  #update(service: Service, check: Check, status: Status, output: string): void {
    check.criticalSinceMs =
      status === "critical" ? (check.criticalSinceMs ?? this.#criticalSince(status)) : undefined;
    // An update that changes nothing is no entry of the log.
    if (check.status === status && check.output === output) return;
    check.status = status;
    check.output = output;
    this.#change(service.name);
  }

  #criticalSince(status: Status): number | undefined {
    return status === "critical" ? this.#state.ports.clock.monotonicMs() : undefined;
  }

  #scheduleReaping(): void {
    this.#cancelReaping();
    this.#cancelReaping = this.#state.ports.timers.after(REAP_EVERY_MS, () => this.#reap());
  }

  #reap(): void {
    const nowMs = this.#state.ports.clock.monotonicMs();
    for (const { id, checks } of [...this.#services.values()]) {
      const isOver = [...checks.values()].some(
        ({ criticalSinceMs, deregisterAfterMs }) =>
          deregisterAfterMs > 0 && nowMs - (criticalSinceMs ?? nowMs) > deregisterAfterMs,
      );
      if (isOver) this.deregister(id);
    }
    if (this.#services.size > 0) this.#scheduleReaping();
  }

  #find(checkId: string): { readonly service: Service; readonly check: Check } | undefined {
    for (const service of this.#services.values()) {
      const check = service.checks.get(checkId);
      if (check) return { service, check };
    }
    return undefined;
  }

  #change(name: string): void {
    this.#indices.set(name, this.#state.advance(`service/${name}`));
  }

  #unknown(text: string): Refusal {
    return new Refusal(this.hasOldStatuses ? 500 : 404, text);
  }
}

function entryOf(service: Service, index: number) {
  const serfHealth = {
    Node: NODE.Node,
    CheckID: "serfHealth",
    Name: "Serf Health Status",
    Status: "passing",
    Output: "Agent alive and reachable",
    ServiceID: "",
    ServiceName: "",
    ServiceTags: [],
  };
  return {
    Node: { ...NODE, Datacenter: "dc1", TaggedAddresses: null, Meta: null, CreateIndex: 5 },
    Service: serviceOf(service, index),
    Checks: [serfHealth, ...checksOf(service)],
  };
}

function serviceOf({ id, name, tags, address, port, meta }: Service, index: number) {
  return {
    ID: id,
    Service: name,
    Tags: tags,
    Address: address,
    Meta: meta,
    Port: port,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    CreateIndex: index,
    ModifyIndex: index,
  };
}

function checksOf({ id, name, tags, checks, maintenance }: Service) {
  const own = { Node: NODE.Node, ServiceID: id, ServiceName: name, ServiceTags: tags };
  const upkeep = {
    ...own,
    CheckID: `_service_maintenance:${id}`,
    Name: "Service Maintenance Mode",
    Status: "critical",
    Output: maintenance ?? "",
  };
  const reported = [...checks.values()].map((check) => ({
    ...own,
    CheckID: check.id,
    Name: check.name,
    Status: check.status,
    Output: check.output,
    Type: "ttl",
  }));
  return maintenance === undefined ? reported : [...reported, upkeep];
}

/** What `?passing` leaves of the entries: those of which every check passes. */
export function passingOf(entries: readonly unknown[]): readonly unknown[] {
  return entries.filter((entry) => {
    const { Checks: checks } = entry as ReturnType<typeof entryOf>;
    return checks.every(({ Status: status }) => status === "passing");
  });
}
