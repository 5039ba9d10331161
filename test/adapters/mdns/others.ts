import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machines } from "./machines.ts";

const ROOT = new URL("../../..", import.meta.url).pathname;
const ZEROCONF_VERSION = "0.154.0";
const ZEROCONF = join(ROOT, `.tools/zeroconf-${ZEROCONF_VERSION}`);

/** Lines of a program that runs on. */
export class Lines {
  readonly all: string[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(output: ReadableStream<Uint8Array<ArrayBuffer>>) {
    void this.#read(output);
  }

  /** The first line that is accepted; waits for it. */
  async find(accepts: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.all.find(accepts);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`the program has ended; it said: ${this.all.join("\n")}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #read(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.all.push(...lines);
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }
}

/** An avahi-daemon of its own on a machine, with the bus that it needs. */
export class Avahi {
  readonly #machines: Machines;
  readonly #machine: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "tankd-avahi-"));

  constructor(machines: Machines, machine: string) {
    this.#machines = machines;
    this.#machine = machine;
    machines.atEnd(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  static whyNot(): string | undefined {
    const missing = ["avahi-daemon", "avahi-browse", "dbus-daemon"].filter(
      (one) => !Bun.which(one),
    );
    return missing.length > 0 ? `${missing.join(", ")} missing` : undefined;
  }

  start(): void {
    const bus = join(this.#directory, "bus.conf");
    writeFileSync(
      bus,
      `<busconfig><type>system</type><listen>${this.#bus}</listen><auth>EXTERNAL</auth>
      <policy context="default"><allow send_destination="*" eavesdrop="true"/>
      <allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>`,
    );
    const daemon = join(this.#directory, "avahi.conf");
    writeFileSync(
      daemon,
      `[server]\nhost-name=${this.#machine}-avahi\nuse-ipv4=yes\nuse-ipv6=yes
       ratelimit-burst=1000\n
       [publish]\n[wide-area]\nenable-wide-area=no\n`.replace(/^\s+/gm, ""),
    );
    // Its own place for pid and socket: the namespace has its own mounts, and the host may run one.
    const script = `dbus-daemon --config-file="$1" --nofork --nopidfile 2>/dev/null & 
      until [ -S "$3" ]; do sleep 0.05; done
      mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon
      avahi-daemon -f "$2" --no-drop-root --no-chroot --no-rlimits 2>/dev/null & wait`;
    this.#spawn(["sh", "-c", script, "sh", bus, daemon, join(this.#directory, "bus")]);
  }

  /** All services of the type, resolved again and again. */
  browse(): Lines {
    const again = "while :; do avahi-browse -prt _tankd._tcp 2>/dev/null; sleep 0.1; done";
    return new Lines(this.#spawn(["sh", "-c", again]).stdout);
  }

  publish(name: string, port: number, ...text: readonly string[]): void {
    const again = 'while :; do avahi-publish -s "$@" 2>/dev/null; sleep 0.1; done';
    this.#spawn(["sh", "-c", again, "sh", name, "_tankd._tcp", `${port}`, ...text]);
  }

  get #bus(): string {
    return `unix:path=${join(this.#directory, "bus")}`;
  }

  #spawn(command: readonly string[]) {
    const env = `DBUS_SYSTEM_BUS_ADDRESS=${this.#bus}`;
    return this.#machines.spawn(this.#machine, ["env", env, ...command]);
  }
}

/** python-zeroconf on a machine, which announces `nodeId` and prints whom it finds. */
export function startZeroconf(
  machines: Machines,
  machine: string,
  nodeId: string,
  address: string,
): Lines {
  const script = `${import.meta.dir}/python_peer.py`;
  const python = join(ZEROCONF, "bin/python");
  return new Lines(machines.spawn(machine, [python, script, nodeId, address]).stdout);
}

/** Installs the pinned version once for this checkout. */
export function whyNoZeroconf(): string | undefined {
  const python = Bun.which("python3");
  if (!python) return "python3 is missing";
  if (existsSync(join(ZEROCONF, "installed"))) return undefined;
  const commands = [
    [python, "-m", "venv", ZEROCONF],
    [join(ZEROCONF, "bin/pip"), "install", "--quiet", `zeroconf==${ZEROCONF_VERSION}`],
  ];
  for (const command of commands) {
    const { success, stderr } = Bun.spawnSync(command);
    if (!success) return stderr.toString().trim().split("\n").at(-1);
  }
  writeFileSync(join(ZEROCONF, "installed"), ZEROCONF_VERSION);
  return undefined;
}
