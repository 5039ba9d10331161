import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { devNull } from "node:os";
import type { DescriptorUse } from "../machine.ts";
import { once } from "../once.ts";
import { runProgram } from "./programs.ts";

/** The limit of open files and connections of a process, and the present number. */
export interface Descriptors {
  /** Undefined for no limit. */
  readonly limit: number | undefined;
  /** Undefined where the process belongs to another user. */
  readonly open: number | undefined;
}

/** Of a process, or of new processes of this user; undefined if unknown. */
export async function readDescriptors(pid: number | undefined): Promise<Descriptors | undefined> {
  const place = `/proc/${pid ?? "self"}`;
  const limits = orUndefined(() => readFileSync(`${place}/limits`, "utf8"));
  if (limits !== undefined) {
    const open =
      pid === undefined ? undefined : orUndefined(() => readdirSync(`${place}/fd`).length);
    return { limit: parseLimits(limits), open };
  }
  if (pid !== undefined || process.platform === "win32") return undefined;
  const asked = await runProgram(["sh", "-c", "ulimit -Hn"]);
  return asked?.exitCode === 0 ? { limit: numberOf(asked.stdout), open: undefined } : undefined;
}

/** The hard limit, to which Bun raises the soft one at its start. */
export function parseLimits(limits: string): number | undefined {
  const [, hard = ""] = /^Max open files +\S+ +(\S+)/m.exec(limits) ?? [];
  return numberOf(hard);
}

/** That of this process, which nothing changes after the start. */
export const ownLimit = once(() => {
  const limits = orUndefined(() => readFileSync("/proc/self/limits", "utf8"));
  return limits === undefined ? undefined : parseLimits(limits);
});

/** Of this process; undefined without a limit, or where the system does not tell. */
export function ownDescriptors(): DescriptorUse | undefined {
  const limit = ownLimit();
  return limit === undefined ? undefined : { limit, open: openDescriptors(limit).length };
}

/** The open descriptors of this process. To read them takes one: if there is none, all are open. */
export function openDescriptors(limit: number): readonly number[] {
  const names = orUndefined(() => readdirSync("/proc/self/fd"));
  return names?.map(Number) ?? Array.from({ length: limit }, (_, descriptor) => descriptor);
}

/** What a new thread or a new connection takes at most, with its event loop and a retry. */
const DESCRIPTORS_PER_START = 8;

/**
 * Whether there are descriptors for a thread or a connection. Bun ends the process when a thread
 * finds none, and reports ECONNREFUSED for a connection.
 */
export function hasFreeDescriptors(): boolean {
  const taken: number[] = [];
  try {
    while (taken.length < DESCRIPTORS_PER_START) taken.push(openSync(devNull, "r"));
    return true;
  } catch {
    return false;
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}

function numberOf(text: string): number | undefined {
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? undefined : number;
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
