import { createServer, type Server, type Socket } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { Frames } from "../../../src/adapters/serf/frames.ts";
import type { Address } from "../../../src/discovery/backend.ts";

export interface Command {
  readonly Command: string;
  readonly Seq: number;
}

/** Writes what is to be sent in answer to a command: values, or bytes as they are. */
export type Script = (command: Command, reply: Reply) => void;

export interface Reply {
  /** A header without an error, and a body if there is one. */
  ok(body?: unknown): void;
  refuse(error: string): void;
  /** Any value. */
  value(value: unknown): void;
  bytes(bytes: Uint8Array | string): void;
  close(): void;
}

const COMMANDS_WITH_BODY = ["handshake", "auth", "members-filtered", "tags", "join", "stream"];

/** What answers at an RPC port, and may answer anything at all. */
export class FakeAgent implements AsyncDisposable {
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #script: Script;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: Script): Promise<FakeAgent> {
    const fake = new FakeAgent(script);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get address(): Address {
    const at = this.#server.address();
    if (typeof at !== "object" || at === null) throw new Error("it does not listen");
    return { host: "127.0.0.1", port: at.port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const frames = new Frames();
    let command: Command | undefined;
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      for (const frame of frames.push(chunk)) {
        const value = decode(frame);
        if (command === undefined && isCommand(value)) command = value;
        if (command === undefined) continue;
        const isWhole = value !== command || !COMMANDS_WITH_BODY.includes(command.Command);
        if (!isWhole) continue;
        this.commands.push(command.Command);
        this.#script(command, replyTo(socket, command.Seq));
        command = undefined;
      }
    });
  }
}

function isCommand(value: unknown): value is Command {
  return typeof value === "object" && value !== null && "Command" in value && "Seq" in value;
}

function replyTo(socket: Socket, seq: number): Reply {
  const send = (value: unknown) => socket.write(encode(value));
  return {
    ok: (body) => {
      send({ Seq: seq, Error: "" });
      if (body !== undefined) send(body);
    },
    refuse: (error) => send({ Seq: seq, Error: error }),
    value: send,
    bytes: (bytes) => socket.write(bytes),
    close: () => socket.destroy(),
  };
}

/** What an agent named `a` without members answers; `other` may answer a command first. */
export function likeAnAgent(other: (command: Command, reply: Reply) => boolean): Script {
  return (command, reply) => {
    if (other(command, reply)) return;
    if (command.Command === "stats") reply.ok({ agent: { name: "a" } });
    else if (command.Command === "members-filtered") reply.ok({ Members: [] });
    else if (command.Command === "join") reply.ok({ Num: 1 });
    else reply.ok();
  };
}
