import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that may fall silent: what is asked arrives, and the answers do not. */
export class Line {
  /** Which answers are swallowed. */
  isSilent: (asked: string) => boolean = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: URL) {
    this.#server = createServer((near) => {
      const far = connect(Number(to.port), to.hostname);
      let asked = "";
      near.on("data", (data) => {
        asked = data.toString("latin1");
        far.write(data);
      });
      far.on("data", (data) => {
        if (!this.isSilent(asked)) near.write(data);
      });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          other.destroy();
          this.#sockets.delete(one);
        });
      }
    });
  }

  static async to(origin: string): Promise<Line> {
    const line = new Line(new URL(origin));
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", () => resolve()));
    return line;
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the line has no port");
    return `http://127.0.0.1:${address.port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
