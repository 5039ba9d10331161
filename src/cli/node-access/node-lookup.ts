import { resolve } from "node:path";
import { z } from "zod";
import { encodeBase64Url, nodeIdOf } from "../../cluster/identity/identity.ts";
import { verifyChallenge } from "../../cluster/identity/proof.ts";
import { messageOf, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { NetworkError } from "../../platform/network.ts";
import type { Host } from "../host.ts";
import { candidateDataDirectories } from "./directories.ts";

/** The content of a running node's `node.json`. */
export interface RunningNode {
  readonly directory: string;
  readonly url: string;
  readonly nodeId: string;
  readonly pid: number;
  /** Whether it runs in another PID namespace, as in a container: its pid names nothing here. */
  readonly isElsewhere: boolean;
}

/** A node that has proven its identity, with its control token. */
export interface VerifiedNode extends RunningNode {
  /** Undefined when this user may not read it. */
  readonly token: string | undefined;
}

const nodeFileSchema = z.object({
  url: z.string().max(300),
  node_id: z.string().max(LIMITS.nameCharactersMax),
  pid: z.int().positive(),
  pid_namespace: z.string().optional(),
});

const wellKnownSchema = z.object({
  node_id: z.string(),
  public_key: z.string(),
  signature: z.string(),
});

const CHALLENGE_BYTES = 24;
const CHALLENGE_TIMEOUT_MS = 5_000;
const CHALLENGE_ANSWER_BYTES_MAX = 16 * 1024;

/**
 * The running node of the given directory, else of the user's, else of the system's.
 * @throws Problem `no_node`, or `impostor` when another program answers in the node's place
 */
export async function findNode(host: Host, given: string | undefined): Promise<VerifiedNode> {
  const directories = candidateDataDirectories(
    host,
    given === undefined ? undefined : resolve(host.workingDirectory, given),
  );
  for (const directory of directories) {
    const node = readNodeFile(host, directory);
    if (!node || !(node.isElsewhere || host.isAlive(node.pid))) continue;
    await verifyNode(host, node);
    return { ...node, token: readToken(host, directory) };
  }
  const where = given === undefined ? "" : ` on ${given}`;
  throw new Problem("no_node", `no node is running${where}; start one with: tankd start`);
}

/** The content of `node.json`; undefined when it is missing, unreadable or malformed. */
export function readNodeFile(host: Host, directory: string): RunningNode | undefined {
  try {
    const text = host.readText(`${directory}/node.json`);
    const parsed = text === undefined ? undefined : nodeFileSchema.safeParse(JSON.parse(text));
    if (!parsed?.success) return undefined;
    const { url, node_id, pid, pid_namespace: space = host.pidNamespace } = parsed.data;
    const isElsewhere = space !== host.pidNamespace;
    return { directory, url, nodeId: node_id, pid, isElsewhere };
  } catch {
    return undefined;
  }
}

/** Verifies that the program at the node's URL can sign a fresh challenge with the node's key. */
export async function verifyNode(host: Host, node: RunningNode): Promise<void> {
  const challenge = encodeBase64Url(crypto.getRandomValues(new Uint8Array(CHALLENGE_BYTES)));
  const answer = await askWellKnown(host, node, challenge);
  const proven =
    answer !== undefined &&
    answer.node_id === node.nodeId &&
    nodeIdOf(answer.public_key) === node.nodeId &&
    verifyChallenge(answer.public_key, node.nodeId, challenge, answer.signature);
  if (proven) return;
  throw new Problem(
    "impostor",
    `the program at ${node.url} cannot prove that it is node ${node.nodeId} of ` +
      `${node.directory}, so no token was sent to it; check which program listens there`,
  );
}

async function askWellKnown(
  host: Host,
  node: RunningNode,
  challenge: string,
): Promise<z.infer<typeof wellKnownSchema> | undefined> {
  try {
    const answer = await host.network.send({
      method: "GET",
      origin: node.url,
      path: `/.well-known/tankd?challenge=${challenge}`,
      headers: { accept: "application/json" },
      timeoutMs: CHALLENGE_TIMEOUT_MS,
      responseBytesMax: CHALLENGE_ANSWER_BYTES_MAX,
    });
    return wellKnownSchema.safeParse(JSON.parse(answer.body)).data;
  } catch (error) {
    if (!(error instanceof NetworkError)) return undefined;
    throw unanswered(node, error);
  }
}

function unanswered(node: RunningNode, error: NetworkError): Problem {
  if (error.failure === "refused") {
    return new Problem(
      "no_node",
      `no node is running on ${node.directory}: nothing answers at ${node.url}; ` +
        "start one with: tankd start",
    );
  }
  return new Problem(
    "unreachable",
    `the node of ${node.directory} (pid ${node.pid}) does not answer at ${node.url}: ` +
      `${messageOf(error)}`,
    { cause: error },
  );
}

function readToken(host: Host, directory: string): string | undefined {
  try {
    return host.readText(`${directory}/token`)?.trim();
  } catch {
    // Another user's node: it can be read, and it refuses other requests with a hint.
    return undefined;
  }
}
