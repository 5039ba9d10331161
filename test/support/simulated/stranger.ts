import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import { signRequest } from "../../../src/cluster/identity/signature.ts";
import type { PeerReply } from "../../../src/cluster/peer-route.ts";
import type { RequestHandler } from "../../../src/platform/simulated/messages.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import type { Lab } from "./lab.ts";
import { type LabNode, PORT } from "./lab-node.ts";

interface Spoken {
  readonly audience?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where to, when not to the node's first address. */
  readonly host?: string;
  readonly unsigned?: boolean;
}

/**
 * Somebody with a fresh key and no rights, who speaks the signed protocol and says what he likes.
 */
export class Stranger {
  readonly identity: Identity;
  readonly process: SimulatedProcess;
  readonly #lab: Lab;

  constructor(
    lab: Lab,
    name = "stranger",
    host = lab.world.addHost({ name }),
    identity = identityFromSeed(lab.world.stream(`key ${name}`).bytes(32)),
  ) {
    this.#lab = lab;
    this.identity = identity;
    this.process = host.boot();
  }

  /** Signs any body with his own key and sends it. The time passes until it is answered. */
  async say(
    to: LabNode,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
    { audience = to.identity.nodeId, headers = {}, host, unsigned = false }: Spoken = {},
  ): Promise<PeerReply> {
    const authority = `${host ?? to.host.address}:${PORT}`;
    const text = body === undefined ? "" : JSON.stringify(body);
    const { clock, random } = this.process;
    const parts = { method, authority, path, body: text };
    const signed = unsigned ? {} : signRequest(this.identity, parts, clock, random, { audience });
    return this.#lab.exchange(this.process.host, {
      method,
      origin: `http://${authority}`,
      path,
      headers: { "content-type": "application/json", ...signed, ...headers },
      ...(text === "" ? {} : { body: text }),
    });
  }

  /** What he says to those who dial him. Nobody is refused before: the port is open. */
  answer(handler: RequestHandler): void {
    this.process.listen(PORT, handler);
  }
}
