import type { z } from "zod";
import type { CheckupReport } from "../../../cluster/checkup/checkup.ts";
import type { Address } from "../../../discovery/backend.ts";
import type { Examiner, MulticastReport } from "../../../node/doctor/examiner.ts";
import type { FirewallFacts } from "../../../node/doctor/firewall.ts";
import type { InterfaceAddress } from "../../../platform/machine.ts";
import type { localServerSchema } from "../status.ts";

type Found<K extends keyof Examiner> = Examiner[K] extends (...words: never[]) => infer T
  ? Awaited<T>
  : never;

/** The facts that the checks evaluate. */
export interface Facts {
  /** Undefined where the node runs on another machine. */
  readonly machine: MachineFacts | undefined;
  readonly node: NodeFacts;
}

export type NodeFacts =
  | { readonly kind: "none" }
  /** A node exists but cannot be asked. */
  | { readonly kind: "broken"; readonly problem: string }
  | RunningFacts;

export interface RunningFacts {
  readonly kind: "running";
  readonly url: string;
  readonly local: z.infer<typeof localServerSchema>;
  /** Why it is not ready; undefined when it is. */
  readonly notReady: string | undefined;
  /** Results of connection tests to others and back, or why there are none. */
  readonly trial: CheckupReport | { readonly failure: string };
}

/** A start has brought its tanks back and found its hub by then, as a rule. */
const START_SECONDS = 10;

/** Whether a node has only just been started. */
export function isStarting({ uptime_seconds }: RunningFacts["local"]): boolean {
  return uptime_seconds < START_SECONDS;
}

export interface MachineFacts {
  readonly platform: string;
  readonly isContainer: boolean;
  /** Why the settings cannot be read; the rest is examined with defaults then. */
  readonly settingsProblem: string | undefined;
  /** The port on which the node listens, or would. */
  readonly port: number;
  /** Whether it was chosen explicitly: then a taken one is an error. */
  readonly isPortAsked: boolean;
  readonly portUse: PortFacts | undefined;
  readonly interfaces: readonly InterfaceAddress[];
  readonly defaultRouteInterface: string | undefined;
  /** Interfaces that the operator has named, but that do not exist. */
  readonly unmatchedInterfaces: readonly string[];
  /** The addresses that a node started here would announce. */
  readonly addresses: readonly Address[];
  /** Undefined where multicast is not used. */
  readonly multicast: readonly MulticastReport[] | undefined;
  readonly firewall: FirewallFacts;
  readonly descriptors: Found<"descriptors">;
  readonly directory: DirectoryReport;
  readonly sqliteVersion: string;
  readonly wallMs: number;
  /** Hubs in the settings; asked only where no node runs that would ask them. */
  readonly hubs: readonly HubFacts[];
}

export interface PortFacts {
  readonly use: Found<"portUse">;
  /** The label of the tankd that answers there. */
  readonly server: string | undefined;
}

export type DirectoryReport = Found<"directory"> & {
  /** An absolute path. */
  readonly path: string;
  /** A tankd that uses the directory, but that commands do not find. */
  readonly strayPid: number | undefined;
  /** Why no database works in it. */
  readonly databaseFault: string | undefined;
};

export interface HubFacts {
  readonly url: string;
  readonly port: number;
  readonly answer: HubAnswer;
}

export type HubAnswer =
  | { readonly kind: "answers"; readonly server: string; readonly clockOffsetMs: number }
  /** Something that is not a tankd, or that refuses requests, answers there. */
  | { readonly kind: "other"; readonly status: number }
  | { readonly kind: "silent"; readonly reason: string };
