/** What namespaces need of the machine that runs the tests: commands, limits, and room. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { must, run } from "./commands.ts";

/** The prefix of all names, with the pid of the test run: two runs live side by side. */
export const PREFIX = "tankdtest";
/** `ip netns exec` mounts the files in here over those in /etc. */
export const FILES = "/etc/netns";

/** From when on entries are dropped: early, soon, and for lack of room. */
const NEIGHBOUR_LIMITS = [4_096, 8_192, 16_384] as const;

/**
 * The kernel's table of neighbours is one for all namespaces: with its usual bound of 1024 entries
 * 33 machines that know each other fill it, and then sending fails with ENOBUFS, which no real
 * machine among as many would see.
 */
export function raiseNeighbourLimits(): void {
  for (const family of ["ipv4", "ipv6"]) {
    NEIGHBOUR_LIMITS.forEach((value, index) => {
      const path = `/proc/sys/net/${family}/neigh/default/gc_thresh${index + 1}`;
      if (Number(readFileSync(path, "utf8")) < value) writeFileSync(path, `${value}`);
    });
  }
}

/** One process for any number of `ip` commands. */
export async function ip(where: readonly string[], commands: readonly string[]): Promise<void> {
  const input = `${commands.join("\n")}\n`;
  const { exitCode, stderr } = await run(["ip", ...where, "-batch", "-"], { input });
  if (exitCode !== 0) throw new Error(`ip ${where.join(" ")}: ${stderr.trim()}`);
}

export function inside(namespace: string, commands: readonly string[]): Promise<void> {
  return ip(["-n", namespace], commands);
}

export async function setSystem(namespace: string, path: string, value: string): Promise<void> {
  const write = `echo ${value} >/proc/sys/${path}`;
  await must("ip", "netns", "exec", namespace, "sh", "-c", write);
}

export async function removeNamespaces(names: readonly string[]): Promise<void> {
  await run(["ip", "-force", "-batch", "-"], {
    input: names.map((name) => `netns del ${name}\n`).join(""),
  });
  for (const name of names) rmSync(`${FILES}/${name}`, { recursive: true, force: true });
}

/** Why namespaces cannot be made here; undefined when they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (Bun.which("ip") === null) return "the ip command is missing (Debian: iproute2)";
  if (Bun.which("nft") === null) return "the nft command is missing (Debian: nftables)";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  await removeLeftovers();
  const probe = `${PREFIX}-${process.pid}-probe`;
  try {
    await must("ip", "netns", "add", probe);
    await inside(probe, [
      "link add probe0 type veth peer name probe1",
      "link add probebr type bridge",
    ]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await run(["ip", "netns", "del", probe]);
  }
}

/** Ends what a run that was killed has left: processes in its namespaces, and these. */
async function removeLeftovers(): Promise<void> {
  const { stdout } = await run(["ip", "netns", "list"]);
  for (const line of stdout.split("\n")) {
    const name = line.split(" ")[0] ?? "";
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const pids = await run(["ip", "netns", "pids", name]);
    for (const pid of pids.stdout.split("\n").filter(Boolean)) kill(Number(pid));
    await removeNamespaces([name]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}
