import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { must, run } from "../support/commands.ts";
import { requiredTest } from "../support/required-test.ts";

const FILLER = "filler";
const MOUNT_IMAGE = 'mount -o loop "$1/image" "$1/disk"';
/** What serves a file system that refuses something, and the folder behind it. */
const REFUSING = join(import.meta.dir, "refusing_disk.py");
/** Debian's, for which its fusepy is installed. */
const PYTHON = "/usr/bin/python3";
const LOCAL = "local";
const NOBODY = 65_534;
/**
 * Runs the program that follows as nobody, who may not be able to look into the folders above it.
 */
const AS_NOBODY = [
  "sh",
  "-c",
  'exec 3<"$1"; shift; exec setpriv ' +
    `--reuid=${NOBODY} --regid=${NOBODY} --clear-groups /proc/self/fd/3 "$@"`,
  "sh",
];
const BLOCK = new Uint8Array(4096);

/**
 * A small disk of its own: a tmpfs in a mount namespace that lives as long as its keeper, a process
 * that ends with the test run, however that ends. Nothing of it is seen by the machine.
 */
export class MountedDisk implements AsyncDisposable {
  /** Where it is mounted, as the programs inside see it. */
  readonly path: string;
  readonly #directory: string;
  readonly #keeper: Subprocess<"pipe", "pipe", "inherit">;

  private constructor(directory: string, keeper: Subprocess<"pipe", "pipe", "inherit">) {
    this.#directory = directory;
    this.path = join(directory, "disk");
    this.#keeper = keeper;
  }

  /** A tmpfs. */
  static open(sizeKb: number): Promise<MountedDisk> {
    return MountedDisk.#mount(`mount -t tmpfs -o size=${sizeKb}k,mode=755 tmpfs "$1/disk"`);
  }

  /**
   * A file system that the kernel can be told to stop writing to, as it does when the disk fails.
   */
  static openFailing(sizeKb: number): Promise<MountedDisk> {
    return MountedDisk.#mount(
      `truncate -s ${sizeKb}k "$1/image" && mkfs.ext4 -q "$1/image" && ${MOUNT_IMAGE}`,
    );
  }

  /**
   * A local folder, passed on by a file system in user space that refuses something: mapping shared
   * memory, as FUSE with `direct_io` does, or file locks, as NFS without a lock manager does.
   */
  static openRefusing(refused: "shared-memory" | "locks"): Promise<MountedDisk> {
    const serve = `setpriv --pdeathsig KILL ${PYTHON} ${REFUSING} "$1/${LOCAL}" "$1/disk"`;
    return MountedDisk.#mount(
      `mkdir -m 755 "$1/${LOCAL}" && { ${serve} ${refused} >&2 & } && ` +
        'until mountpoint -q "$1/disk"; do kill -0 $! || exit 1; sleep 0.05; done',
    );
  }

  static async #mount(mount: string): Promise<MountedDisk> {
    const directory = mkdtempSync(join(tmpdir(), "tankd-disk-"));
    // Tests with other users look into it.
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, "disk"));
    const script = `${mount} && echo mounted && exec cat`;
    const keeper = Bun.spawn(
      ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", directory],
      { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    );
    const { value } = await keeper.stdout.getReader().read();
    const disk = new MountedDisk(directory, keeper);
    if (value !== undefined) return disk;
    await disk[Symbol.asyncDispose]();
    throw new Error("the disk could not be mounted");
  }

  /** The local folder behind a disk that refuses something. */
  get local(): string {
    return join(this.#directory, LOCAL);
  }

  /** What a command line begins with to run inside. The program takes its place (exec). */
  get under(): readonly string[] {
    return ["nsenter", `--mount=/proc/${this.#keeper.pid}/ns/mnt`, "--"];
  }

  /** The same for a user without rights, who is given the disk. */
  get underNobody(): readonly string[] {
    chownSync(this.seen(this.path), NOBODY, NOBODY);
    return [...this.under, ...AS_NOBODY];
  }

  /** A path inside, as the test sees it. */
  seen(path: string): string {
    return `/proc/${this.#keeper.pid}/root${path}`;
  }

  /** Leaves so many bytes free, or as many as there are. */
  fill(leaveBytes = 0): void {
    const path = this.seen(join(this.path, FILLER));
    const file = openSync(path, "a");
    let bytes = 0;
    try {
      for (;;) bytes += writeSync(file, BLOCK);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    } finally {
      closeSync(file);
    }
    truncateSync(path, Math.max(0, bytes - leaveBytes));
  }

  /** Takes away what filled it. */
  free(): void {
    rmSync(this.seen(join(this.path, FILLER)), { force: true });
  }

  async remount(...options: readonly string[]): Promise<void> {
    await must(...this.under, "mount", "-o", `remount,${options.join(",")}`, this.path);
  }

  /** What the kernel does when the disk under a file system fails: from now on it is read-only. */
  async fail(): Promise<void> {
    await this.remount("abort");
  }

  /** Looks the file system over and mounts it anew; nobody may use it. */
  async repair(): Promise<void> {
    const check = '{ e2fsck -p "$1/image" || [ $? -le 2 ]; }';
    const script = `umount "$1/disk" && ${check} && ${MOUNT_IMAGE}`;
    await this.must("sh", "-c", script, "sh", this.#directory);
  }

  /** Runs a command inside that must succeed. */
  async must(...command: readonly string[]): Promise<string> {
    return must(...this.under, ...command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keeper.kill("SIGKILL");
    await this.#keeper.exited;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export async function whyNoMounts(): Promise<string | undefined> {
  if (process.platform !== "linux") return "mount namespaces need Linux";
  if (process.getuid?.() !== 0) return "mounts need root";
  if (Bun.which("nsenter") === null) return "nsenter is missing (Debian: util-linux)";
  const { exitCode, stderr } = await run([
    "unshare",
    "--mount",
    "mount",
    "-t",
    "tmpfs",
    "t",
    "/mnt",
  ]);
  return exitCode === 0 ? undefined : stderr.trim();
}

const unavailable = await whyNoMounts();

async function whyNoFuse(): Promise<string | undefined> {
  if (unavailable !== undefined) return unavailable;
  if (!existsSync("/dev/fuse")) return "/dev/fuse is missing";
  const { exitCode } = await run([PYTHON, "-c", "import fusepy"]);
  return exitCode === 0 ? undefined : "fusepy is missing (Debian: python3-fusepy)";
}

const withoutFuse = await whyNoFuse();

/** A test with a file system in user space. */
export function fuseTest(name: string, timeoutMs: number, body: () => Promise<void>): void {
  requiredTest(name, withoutFuse, body, { timeoutMs });
}

/** A test with disks of its own. */
export function mountTest(name: string, timeoutMs: number, body: () => Promise<void>): void {
  requiredTest(name, unavailable, body, { timeoutMs });
}
