import { connect, type Socket } from "node:net";
import { Decoder, encode } from "@msgpack/msgpack";
import { formatHostPort } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { messageOf } from "../../platform/errors.ts";
import { NetworkError } from "../../platform/network.ts";
import { systemFailure } from "../../platform/real/system-failure.ts";
import type { Cancel, Timers } from "../../platform/timers.ts";
import { Frames } from "./frames.ts";

/** The agent has refused a command; the message is its text, in one line. */
export class RefusedCommand extends Error {}

/** The answering program does not speak Serf's protocol. */
export class NotSerf extends Error {}

export interface RpcRequest {
  readonly command: string;
  /** Left out for a command that takes none: the agent would read it as the next command. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whether a body follows the header of the answer. */
  readonly isAnswered?: boolean;
  readonly timeoutMs: number;
}

interface Waiting extends RpcRequest {
  readonly settle: (outcome: unknown) => void;
  readonly cancel: Cancel;
}

const CONNECT_MS = 3_000;
const FLUSH_MS = 1_000;
/** Maximum length of an agent's text, so that it fits into a status. */
const TEXT_CHARACTERS_MAX = 200;
const POISONED = "__proto__";

/**
 * Accepts any key: otherwise a tag of a forbidden name, which anybody may set, would hide every
 * other member.
 */
const decoder = new Decoder({
  keyDecoder: {
    canBeCached: (byteLength) => byteLength === POISONED.length,
    decode: (bytes, start, byteLength) => {
      const key = Buffer.from(bytes).toString("utf8", start, start + byteLength);
      return key === POISONED ? `(${key})` : key;
    },
  },
});

/** Rejects with NetworkError. */
export function connectRpc(address: Address, timers: Timers): Promise<SerfRpc> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port });
    const fail = (failure: NetworkError) => {
      cancel();
      socket.destroy();
      reject(failure);
    };
    const where = formatHostPort(address);
    const late = () => fail(new NetworkError("timeout", `${where}: no answer`));
    const cancel = timers.after(CONNECT_MS, late);
    socket.on("error", (error) => {
      const [failure, reason] = systemFailure(error);
      fail(new NetworkError(failure, `${where}: ${messageOf(error)}`, reason));
    });
    socket.on("connect", () => {
      cancel();
      resolve(new SerfRpc(socket, timers));
    });
  });
}

/**
 * A connection to the RPC port of a Serf agent: MessagePack over TCP, with a header and mostly a
 * body in both directions, and a sequence number that matches answers to commands. The agent
 * processes one command after the other.
 * https://github.com/hashicorp/serf/blob/master/docs/agent/rpc.html.markdown
 */
export class SerfRpc {
  /** Resolves with the reason when the connection has ended, on either side. */
  readonly ended: Promise<Error>;
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #frames = new Frames();
  readonly #waiting = new Map<number, Waiting>();
  readonly #setEnded: (reason: Error) => void;
  #reason: Error | undefined;
  #lastSeq = 0;
  #stream: { readonly seq: number; readonly onEvent: () => void } | undefined;
  /** The receiver of the next value, if that is not a header. */
  #takeBody: ((body: unknown) => void) | undefined;

  constructor(socket: Socket, timers: Timers) {
    this.#socket = socket;
    this.#timers = timers;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.ended = promise;
    this.#setEnded = resolve;
    socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
    socket.on("error", (error) => this.#end(lost(systemFailure(error)[1])));
    socket.on("close", () => this.#end(lost()));
  }

  get hasEnded(): boolean {
    return this.#reason !== undefined;
  }

  /**
   * The body of the answer, if there is one. Rejects with {@link RefusedCommand}, after which the
   * connection remains usable; otherwise it has ended: with NetworkError or {@link NotSerf}.
   */
  request(request: RpcRequest): Promise<unknown> {
    return this.#send(++this.#lastSeq, request);
  }

  /** Calls `onEvent` at each event of the given types, separated by commas. */
  async follow(types: string, timeoutMs: number, onEvent: () => void): Promise<void> {
    const seq = ++this.#lastSeq;
    this.#stream = { seq, onEvent };
    await this.#send(seq, { command: "stream", body: { Type: types }, timeoutMs });
  }

  /** Data that was already sent is still delivered, if the agent reads it. */
  close(reason = "given up"): void {
    if (this.#reason !== undefined) return;
    this.#socket.destroySoon();
    this.#timers.after(FLUSH_MS, () => this.#socket.destroy());
    this.#end(lost(reason));
  }

  #send(seq: number, request: RpcRequest): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#reason !== undefined) return Promise.reject(this.#reason);
    const late = new NetworkError("timeout", `no answer to ${request.command}`);
    this.#waiting.set(seq, {
      ...request,
      settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
      cancel: this.#timers.after(request.timeoutMs, () => this.#end(late)),
    });
    this.#socket.write(encode({ Command: request.command, Seq: seq }));
    if (request.body !== undefined) this.#socket.write(encode(request.body));
    return promise;
  }

  #read(chunk: Uint8Array): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#reason !== undefined) return;
        this.#take(decoder.decode(frame));
      }
    } catch (error) {
      this.#end(error instanceof NotSerf ? error : new NotSerf(messageOf(error)));
    }
  }

  #take(value: unknown): void {
    const header = readHeader(value);
    const takeBody = this.#takeBody;
    this.#takeBody = undefined;
    if (header !== undefined) this.#takeHeader(header);
    else if (takeBody !== undefined) takeBody(value);
    else throw new NotSerf("it sends a message that was not requested");
  }

  #takeHeader({ seq, error }: Header): void {
    const waiting = this.#waiting.get(seq);
    if (waiting === undefined) {
      if (this.#stream?.seq !== seq) throw new NotSerf("it answers an unknown request");
      this.#takeBody = this.#stream.onEvent;
    } else if (error !== "") {
      this.#settle(seq, new RefusedCommand(plainText(error)));
      // A failed join has one nevertheless.
      if (waiting.isAnswered) this.#takeBody = () => {};
    } else if (waiting.isAnswered) {
      this.#takeBody = (body) => this.#settle(seq, body);
    } else {
      this.#settle(seq, undefined);
    }
  }

  #settle(seq: number, outcome: unknown): void {
    const waiting = this.#waiting.get(seq);
    this.#waiting.delete(seq);
    waiting?.cancel();
    waiting?.settle(outcome);
  }

  #end(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const seq of [...this.#waiting.keys()]) this.#settle(seq, reason);
    if (!this.#socket.writableEnded) this.#socket.destroy();
    this.#setEnded(reason);
  }
}

interface Header {
  readonly seq: number;
  readonly error: string;
}

/** No body has both fields. */
function readHeader(value: unknown): Header | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("Seq" in value) || typeof value.Seq !== "number") return undefined;
  if (!("Error" in value) || typeof value.Error !== "string") return undefined;
  return { seq: value.Seq, error: value.Error };
}

/** In one line, and without control characters. */
export function plainText(text: string): string {
  return text
    .slice(0, 8 * TEXT_CHARACTERS_MAX)
    .replaceAll(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, TEXT_CHARACTERS_MAX);
}

function lost(reason = "the connection was closed"): NetworkError {
  return new NetworkError("unreachable", reason, reason);
}
