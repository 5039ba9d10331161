import { WebSockets } from "../../platform/real/web-sockets.ts";
import type {
  MessageSocket,
  SocketListener,
  SocketRequest,
  Sockets,
} from "../../platform/sockets.ts";
import { hostOf } from "./addresses.ts";
import type { Tailnet } from "./tailnet.ts";
import { TunnelAgent } from "./tunnel-agent.ts";

/** WebSockets to other nodes, by the same ways as their requests: see `TailnetNetwork`. */
export class TailnetSockets implements Sockets {
  readonly #direct: Sockets;
  readonly #tailnet: Tailnet;
  readonly #tunnelled: WebSockets;

  constructor(direct: Sockets, tailnet: Tailnet) {
    this.#direct = direct;
    this.#tailnet = tailnet;
    const agent = new TunnelAgent((host, port) => tailnet.open(host, port), {});
    this.#tunnelled = new WebSockets(undefined, (...wanted) => agent.createConnection(...wanted));
  }

  connect(request: SocketRequest, listener: SocketListener): Promise<MessageSocket> {
    const isBehind = this.#tailnet.isBehindDaemon(hostOf(request));
    return (isBehind ? this.#tunnelled : this.#direct).connect(request, listener);
  }
}
