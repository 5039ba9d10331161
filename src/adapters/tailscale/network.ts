import type { HttpRequest, HttpResponse, Network } from "../../platform/network.ts";
import { HttpNetwork, KEPT_ALIVE } from "../../platform/real/network.ts";
import { hostOf } from "./addresses.ts";
import type { Tailnet } from "./tailnet.ts";
import { TunnelAgent } from "./tunnel-agent.ts";

/**
 * The network client on a machine whose tailnet has no network interface: tailscaled forwards
 * requests to devices. Other requests are sent as before. Names of devices are resolved even if no
 * name server knows them.
 */
export class TailnetNetwork implements Network {
  readonly #direct: Network;
  readonly #tailnet: Tailnet;
  readonly #tunnelled: HttpNetwork;

  constructor(direct: Network, tailnet: Tailnet) {
    this.#direct = direct;
    this.#tailnet = tailnet;
    const agent = () => new TunnelAgent((host, port) => tailnet.open(host, port), KEPT_ALIVE);
    this.#tunnelled = new HttpNetwork(undefined, agent);
  }

  send(request: HttpRequest): Promise<HttpResponse> {
    const isBehind = this.#tailnet.isBehindDaemon(hostOf(request));
    return (isBehind ? this.#tunnelled : this.#direct).send(request);
  }

  /** Closes the idle connections. */
  close(): void {
    this.#tunnelled.close();
  }

  resolve(host: string): Promise<readonly string[]> {
    const known = this.#tailnet.addressesOf(host);
    return known === undefined ? this.#direct.resolve(host) : Promise.resolve(known);
  }
}
