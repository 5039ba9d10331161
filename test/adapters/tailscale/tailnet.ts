import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { LOCAL_API_ORIGIN, LocalApi } from "../../../src/adapters/tailscale/local-api.ts";
import { must, until } from "../../support/commands.ts";
import type { Lab } from "../../support/lab.ts";
import { GATEWAY } from "../../support/namespaces.ts";
import type { Node } from "../../support/node.ts";
import { PROMPTLY_MS } from "../../support/tankd.ts";

/** Where build.sh has put the programs. */
const PROGRAMS = process.env["TAILSCALE_PROGRAMS"] ?? "";
const [TAILSCALED, TAILSCALE, CONTROL] = ["tailscaled", "tailscale", "tailscale-control"].map(
  (name) => join(PROGRAMS, name),
) as [string, string, string];

/** Why there can be no tailnet here; undefined when there can. */
export function whyNoTailnet(): string | undefined {
  if (PROGRAMS === "") return "TAILSCALE_PROGRAMS names no folder; make test-tailscale does";
  const missing = [TAILSCALED, TAILSCALE, CONTROL].find((path) => !existsSync(path));
  return missing === undefined ? undefined : `${missing} is missing`;
}

/** Whether the daemon has a network interface of its own. */
export type Mode = "userspace" | "tun";

/** tailscaled on one machine of a lab. */
export class Device {
  readonly name: string;
  readonly socket: string;
  readonly #lab: Lab;
  readonly #node: Node;
  readonly #state: string;
  readonly #options: readonly string[];
  #process: Subprocess | undefined;

  constructor(lab: Lab, node: Node, folder: string, options: readonly string[]) {
    this.name = `device-${node.number}`;
    this.socket = join(folder, `${this.name}.sock`);
    this.#lab = lab;
    this.#node = node;
    this.#state = join(folder, this.name);
    this.#options = options;
  }

  /** Starts the daemon, which is not logged in unless it was before. */
  async start(): Promise<void> {
    const command = [
      // It says much, and nothing that a test needs.
      ...["sh", "-c", 'exec "$@" 2>>"$0"', `${this.#state}.log`],
      TAILSCALED,
      `--statedir=${this.#state}`,
      `--socket=${this.socket}`,
      "--no-logs-no-support",
      "--port=0",
      ...this.#options,
    ];
    this.#process = this.#lab.run(this.#node, command);
    await until("tailscaled answers", PROMPTLY_MS, async () => (await this.#status()) !== "");
  }

  async stop(): Promise<void> {
    this.#process?.kill("SIGTERM");
    await this.#process?.exited;
  }

  /** `tailscale up`: logs in, or connects again. */
  async up(controlUrl: string): Promise<void> {
    const own = ["--accept-dns=false", "--netfilter-mode=off", `--hostname=${this.name}`];
    await this.command("up", `--login-server=${controlUrl}`, "--timeout=30s", ...own);
  }

  command(...words: readonly string[]): Promise<string> {
    return must(TAILSCALE, `--socket=${this.socket}`, ...words);
  }

  /** What is answered to a request of this device at a port of another one. */
  async ask(host: string, port: number, request: string): Promise<string> {
    const api = new LocalApi({ origin: LOCAL_API_ORIGIN, socketPath: this.socket });
    const stream = await api.dial(host, port);
    stream.write(request);
    let answer = "";
    for await (const chunk of stream) answer += String(chunk);
    return answer;
  }

  /** Its IPv4 address in the tailnet. */
  async address(): Promise<string> {
    return (await this.command("ip", "-4")).trim();
  }

  async #status(): Promise<string> {
    return must(TAILSCALE, `--socket=${this.socket}`, "status", "--json").catch(() => "");
  }
}

type Control = Subprocess<"pipe", "pipe", "ignore">;

/** A tailnet on the machines of a lab, with a control server at the switch; ends with the lab. */
export class TestTailnet {
  readonly controlUrl: string;
  readonly #folder: string;
  readonly #control: Control;
  readonly #lab: Lab;
  readonly #devices: Device[] = [];

  private constructor(lab: Lab, control: Control, controlUrl: string) {
    this.#lab = lab;
    this.#control = control;
    this.controlUrl = controlUrl;
    this.#folder = mkdtempSync(join(tmpdir(), "tankd-tailnet-"));
  }

  static async open(lab: Lab): Promise<TestTailnet> {
    const { network } = lab;
    const address = network.addressOf(GATEWAY);
    const control = Bun.spawn(
      ["ip", "netns", "exec", network.switch, CONTROL, `--address=${address}`],
      { stdin: "pipe", stdout: "pipe", stderr: "ignore" },
    );
    const { value } = await control.stdout.getReader().read();
    return new TestTailnet(lab, control, new TextDecoder().decode(value).trim());
  }

  /** A machine's daemon; started, and not logged in. */
  async addDevice(node: Node, mode: Mode, options: readonly string[] = []): Promise<Device> {
    const tun = mode === "userspace" ? "userspace-networking" : "tailscale0";
    const device = new Device(this.#lab, node, this.#folder, [`--tun=${tun}`, ...options]);
    this.#devices.push(device);
    await device.start();
    return device;
  }

  /** Started and logged in. */
  async join(node: Node, mode: Mode, options: readonly string[] = []): Promise<Device> {
    const device = await this.addDevice(node, mode, options);
    await device.up(this.controlUrl);
    return device;
  }

  /** A line for the control server, which control/main.go explains. */
  tell(line: string): void {
    this.#control.stdin.write(`${line}\n`);
    this.#control.stdin.flush();
  }

  async close(): Promise<void> {
    for (const device of this.#devices) await device.stop();
    this.#control.kill("SIGKILL");
    await this.#control.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
