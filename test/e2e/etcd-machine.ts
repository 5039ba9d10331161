import type { Subprocess } from "bun";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import type { Node } from "../support/node.ts";

const CLIENT_PORT = 2379;
const ETCD = Bun.which("etcd");

/** A machine of the lab that runs etcd, of Debian, instead of tankd. */
export class EtcdMachine {
  readonly #lab: Lab;
  readonly #machine: Node;
  #process: Subprocess;

  private constructor(lab: Lab, machine: Node) {
    this.#lab = lab;
    this.#machine = machine;
    this.#process = this.#run();
  }

  static async start(lab: Lab): Promise<EtcdMachine> {
    return new EtcdMachine(lab, await lab.machine());
  }

  /** As `--lease` takes it. */
  get leaseUrl(): string {
    return `etcd://${this.#machine.address}:${CLIENT_PORT}`;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async crash(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  /** Again, with the data that it has. */
  restart(): void {
    this.#process = this.#run();
  }

  #run(): Subprocess {
    const { address, dataDirectory } = this.#machine;
    const clients = `http://${address}:${CLIENT_PORT}`;
    const data = `${dataDirectory}-etcd`;
    return this.#lab.run(this.#machine, [
      "etcd",
      ...["--data-dir", data, "--logger", "zap", "--log-outputs", `${data}.log`],
      ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
    ]);
  }
}

/** A test with an etcd in its lab. Without the program it is skipped, but in CI it must run. */
export function etcdLabTest(
  name: string,
  timeoutMs: number,
  body: (lab: Lab, etcd: EtcdMachine) => Promise<void>,
): void {
  const run = async (lab: Lab) => body(lab, await EtcdMachine.start(lab));
  labTest(name, timeoutMs, run, { without: ETCD === null ? "etcd is not installed" : undefined });
}
