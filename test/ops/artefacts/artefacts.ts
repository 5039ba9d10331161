import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../support/commands.ts";
import { ROOT } from "../checkout.ts";

const APT = "/usr/bin/apt-get";
const MUSL_ROOT = join(import.meta.dir, "musl-root.sh");
const QEMU = "/usr/bin/qemu-aarch64-static";
/** Debian's libraries of arm64, beside those of this machine. */
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
/** Places in a root. */
const PROGRAM = "/usr/bin/tankd";
const EMULATOR = "/usr/bin/qemu";
/**
 * Runs a command in a root, in the same working directory if it has that. The folder of temporary
 * files is the one outside, so that paths mean the same. The mounts are gone with the command.
 */
const ENTER =
  'for place in proc dev tmp; do mount --rbind "/$place" "$0/$place" || exit 1; done; ' +
  '[ -d "$0$PWD" ] || PWD=/; exec unshare --root="$0" --wd="$PWD" "$@"';

/** An executable of `make release`. */
export interface Artefact {
  readonly name: string;
  /** As `tankd version` names it. */
  readonly platform: string;
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined;
  /**
   * Prepares what it needs in an empty folder, and returns the command line that runs it, and that
   * becomes the program (exec).
   */
  prepare(folder: string): Promise<readonly string[]>;
}

const x64 = linux("x64");
const arm64 = linux("arm64", QEMU, ARM64_LIBRARIES);
const x64Musl = linux("x64-musl", APT);
const arm64Musl = linux("arm64-musl", APT, QEMU);

/** The executables of `make release` that run on Linux x64, some of them emulated. */
export const ARTEFACTS: readonly Artefact[] = [
  { ...x64, prepare: async () => [x64.path] },
  { ...arm64, prepare: async () => [QEMU, "-L", ARM64_LIBRARIES, arm64.path] },
  { ...x64Musl, prepare: (root) => inMuslRoot(root, "x86_64", x64Musl.path) },
  { ...arm64Musl, prepare: (root) => inMuslRoot(root, "aarch64", arm64Musl.path, QEMU) },
];

function linux(kind: string, ...needs: readonly string[]) {
  const path = join(ROOT, "dist/release", `tankd-linux-${kind}`);
  const absent = [path, ...needs].filter((one) => !existsSync(one));
  return {
    name: `tankd-linux-${kind}`,
    platform: `linux-${kind.replace("-musl", "")}`,
    path,
    missing: absent.length === 0 ? undefined : `${absent.join(" and ")} is missing`,
  };
}

async function inMuslRoot(
  root: string,
  machine: string,
  path: string,
  emulator?: string,
): Promise<readonly string[]> {
  await must(MUSL_ROOT, machine, root);
  copyFileSync(path, join(root, PROGRAM));
  const enter = ["unshare", "--mount", "sh", "-c", ENTER, root];
  if (emulator === undefined) return [...enter, PROGRAM];
  copyFileSync(emulator, join(root, EMULATOR));
  return [...enter, EMULATOR, PROGRAM];
}
