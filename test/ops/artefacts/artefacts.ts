import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../support/commands.ts";
import { ROOT } from "../checkout.ts";

const APT = "/usr/bin/apt-get";
const MUSL_ROOT = join(import.meta.dir, "musl-root.sh");
const QEMU = "/usr/bin/qemu-aarch64-static";
/** Debian's libraries of arm64, beside those of this machine. */
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
const WINE = "/usr/lib/wine/wine64";
const MINGW = "/usr/bin/x86_64-w64-mingw32-gcc";
/** What Bun needs of Windows and an older Wine has not. */
const MISSING_LIBRARY = join(import.meta.dir, "bcryptprimitives.c");
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
  /** Not with Wine, whose services keep the outputs of commands open while a node runs. */
  readonly canBeNode: boolean;
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined;
  /**
   * Prepares what it needs in an empty folder, and returns the command line that runs it, and that
   * becomes the program (exec).
   */
  prepare(folder: string): Promise<readonly string[]>;
}

const x64 = build("linux-x64");
const arm64 = build("linux-arm64", QEMU, ARM64_LIBRARIES);
const x64Musl = build("linux-x64-musl", APT);
const arm64Musl = build("linux-arm64-musl", APT, QEMU);
const windows = build("windows-x64.exe", WINE, MINGW);

/** The executables of `make release` that run on Linux x64, some of them emulated. */
export const ARTEFACTS: readonly Artefact[] = [
  { ...x64, prepare: async () => [x64.path] },
  { ...arm64, prepare: async () => [QEMU, "-L", ARM64_LIBRARIES, arm64.path] },
  { ...x64Musl, prepare: (root) => inMuslRoot(root, "x86_64", x64Musl.path) },
  { ...arm64Musl, prepare: (root) => inMuslRoot(root, "aarch64", arm64Musl.path, QEMU) },
  {
    ...windows,
    platform: "win32-x64",
    canBeNode: false,
    prepare: (folder) => inWine(folder, windows.path),
  },
];

function build(kind: string, ...needs: readonly string[]) {
  const name = `tankd-${kind}`;
  const path = join(ROOT, "dist/release", name);
  const absent = [path, ...needs].filter((one) => !existsSync(one));
  return {
    name,
    platform: kind.replace("-musl", ""),
    path,
    canBeNode: true,
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

async function inWine(folder: string, path: string): Promise<readonly string[]> {
  const program = join(folder, "tankd.exe");
  copyFileSync(path, program);
  const library = join(folder, "bcryptprimitives.dll");
  await must(MINGW, "-shared", "-o", library, MISSING_LIBRARY, "-ladvapi32");
  const prefix = `WINEPREFIX=${join(folder, "prefix")}`;
  const command = ["env", prefix, "WINEDEBUG=-all", "DISPLAY=", WINE, program];
  // Makes the prefix, with messages of its own.
  await must(...command, "version");
  return command;
}
