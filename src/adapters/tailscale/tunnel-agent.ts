import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { type Duplex, PassThrough } from "node:stream";
import type { OpenStream } from "./stream.ts";

const HTTP_PORT = 80;
/** For the type of a callback, which ignores the rest if there is an error. */
const NO_STREAM = new PassThrough();

/** An agent that keeps connections, but has them opened by another party. */
export class TunnelAgent extends Agent {
  readonly #open: OpenStream;

  constructor(open: OpenStream, options: AgentOptions) {
    super(options);
    this.#open = open;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback: (error: Error | null, stream: Duplex) => void = () => {},
  ): undefined {
    this.#open(host ?? "", Number(port ?? HTTP_PORT)).then(
      (stream) => callback(null, stream),
      (error: Error) => callback(error, NO_STREAM),
    );
  }
}
