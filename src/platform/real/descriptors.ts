import { readdirSync, readFileSync } from "node:fs";
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
