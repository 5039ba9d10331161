import type { PeerReply } from "../../src/cluster/peer-route.ts";
import type { Decision } from "../../src/migration/transfer/protocol.ts";
import { NetworkError } from "../../src/platform/network.ts";
import type { FakeCall } from "./fake-cluster.ts";
import { LoneNode, type LoneNodeOptions } from "./lone-node.ts";

export interface Asked {
  readonly nodeId: string;
  readonly path: string;
  readonly body: { readonly transfer_id: string } & Record<string, unknown>;
}

export const tooMany: PeerReply = { status: 429, body: { type: "urn:tankd:problem:too_many" } };

/** The node "there", which answers as the test says. */
export class Peer {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Promise<PeerReply> | PeerReply = () => silence();

  readonly call: FakeCall = async (nodeId, path, body) => {
    const asked: Asked = { nodeId, path, body: body as Asked["body"] };
    this.asked.push(asked);
    return this.answer(asked);
  };

  decides(decision: Decision["decision"], change: Partial<Decision> = {}): void {
    this.answer = ({ body }) => ({
      status: 200,
      body: {
        transfer_id: body.transfer_id,
        node_id: "there",
        tank_id: "lake",
        epoch: 1,
        decision,
        reason: null,
        ...change,
      },
    });
  }
}

export function silence(): never {
  throw new NetworkError("timeout", "no answer");
}

export async function withPeer(
  options: LoneNodeOptions = {},
): Promise<{ node: LoneNode; peer: Peer }> {
  const peer = new Peer();
  return { node: await new LoneNode({ ...options, call: peer.call }).start(), peer };
}

export const reefAtFirst = ["reef-1", "reef-2", "reef-3"];

export async function alive(node: LoneNode): Promise<string[]> {
  return [...node.tanks.alive("reef")].sort();
}

/** The node "there" goes or comes, and the cluster says so. */
export function setStatus(node: LoneNode, status: "online" | "offline"): void {
  const there = node.directory.find((one) => one.nodeId === "there");
  if (there) there.status = status;
  node.cluster.changed();
}
