import type { Folder, Host, Output } from "../../src/cli/host.ts";
import { runCli } from "../../src/cli/program.ts";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { signChallenge } from "../../src/cluster/identity/proof.ts";
import type { Examiner } from "../../src/node/doctor/examiner.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { type HttpRequest, type HttpResponse, NetworkError } from "../../src/platform/network.ts";

export interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Who else can read a file, by its path. */
  readonly alsoReadBy?: Readonly<Record<string, string>>;
  readonly alive?: readonly number[];
  /** What answers on the network; nothing does when it is left out. */
  readonly answer?: (request: HttpRequest) => HttpResponse | undefined;
  /** How the program was called. */
  readonly program?: string;
  readonly isRoot?: boolean;
  readonly isTerminal?: boolean;
  /** What the person at the terminal types; nobody sits there when it is left out. */
  readonly typed?: string;
  readonly pid?: number;
  readonly cores?: number;
  /** What comes in at stdin. */
  readonly input?: string;
  /** Files that a command writes, by path; none can be written when it is left out. */
  readonly written?: Map<string, string>;
  /** What there is to see of the machine. */
  readonly examiner?: Examiner;
  /** Hears who waits for signals. */
  readonly onSignal?: Host["onSignal"];
  readonly exit?: Host["exit"];
  /** Instead of one that goes with the timers. */
  readonly clock?: Clock;
  readonly spawnWorker?: Host["spawnWorker"];
  readonly detach?: Host["detach"];
  /** Hears which processes were asked to end. */
  readonly onTerminate?: (pid: number) => void;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly requests: readonly HttpRequest[];
  readonly terminated: readonly number[];
  readonly questions: readonly string[];
}

/** Runs one command line in a made-up world. */
export async function runIn(world: World, ...commandLine: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const requests: HttpRequest[] = [];
  const terminated: number[] = [];
  const questions: string[] = [];
  const traces = { out, err, requests, terminated, questions };
  const code = await runCli(fakeHost(world, commandLine, traces));
  return { code, out: out.join(""), err: err.join(""), requests, terminated, questions };
}

interface Traces {
  readonly out: string[];
  readonly err: string[];
  readonly requests: HttpRequest[];
  readonly terminated: number[];
  readonly questions: string[];
}

function fakeHost(world: World, commandLine: readonly string[], traces: Traces): Host {
  const output = (lines: string[]): Output => ({
    write: (text) => void lines.push(String(text)),
    isTerminal: world.isTerminal ?? false,
    isClosed: false,
    columns: 100,
  });
  const alive = new Set(world.alive ?? []);
  const unsupported = () => {
    throw new Error("this world has none");
  };
  const readGuarded = (path: string) => {
    const text = world.files?.[path];
    if (text === undefined) return undefined;
    return { text, alsoWrittenBy: undefined, alsoReadBy: world.alsoReadBy?.[path] };
  };
  let nowMs = 0;
  return {
    commandLine,
    program: world.program ?? "tankd",
    environment: world.environment ?? {},
    workingDirectory: "/desk",
    homeDirectory: "/home/ann",
    isRoot: world.isRoot ?? false,
    isAtTerminal: world.isTerminal ?? false,
    pid: world.pid ?? 4711,
    pidNamespace: "pid:[1]",
    cores: world.cores ?? 1,
    stdout: output(traces.out),
    stderr: output(traces.err),
    ask: async (question) => {
      if (world.typed !== undefined) traces.questions.push(question);
      return world.typed;
    },
    build: { version: "1.2.3", commit: "abc" },
    clock: world.clock ?? {
      wallMs: () => Date.parse("2030-01-01T00:01:00Z"),
      monotonicMs: () => nowMs,
    },
    timers: {
      after: (delayMs, task) => {
        nowMs += delayMs;
        queueMicrotask(task);
        return () => {};
      },
    },
    network: {
      send: async (request) => {
        traces.requests.push(request);
        const answer = world.answer?.(request);
        if (!answer) throw new NetworkError("refused", "nothing listens");
        return answer;
      },
      resolve: async (host) => [host],
      sendBytes: unsupported,
    },
    readInput: async () => world.input ?? "",
    readText: (path) => world.files?.[path],
    readGuarded,
    readGuardedFile: readGuarded,
    readFrom: (path, offset) => {
      const text = world.files?.[path];
      return text === undefined ? undefined : new TextEncoder().encode(text).subarray(offset);
    },
    sizeOf: (path) => world.files?.[path]?.length,
    writeFile: unsupported,
    openFolder: (path) => folderOf(world.written, path),
    isAlive: (pid) => alive.has(pid),
    terminate: (pid) => {
      traces.terminated.push(pid);
      alive.delete(pid);
      world.onTerminate?.(pid);
    },
    detach: world.detach ?? unsupported,
    onSignal: world.onSignal ?? (() => () => {}),
    onHangup: () => () => {},
    onUncaught: () => () => {},
    exit: world.exit ?? unsupported,
    spawnWorker: world.spawnWorker ?? unsupported,
    compileReadily: () => {},
    openExaminer: async () => world.examiner ?? unsupported(),
    spawnDisk: unsupported,
    runShell: unsupported,
  };
}

function folderOf(written: Map<string, string> | undefined, path: string): Folder {
  if (written === undefined) throw systemError("EACCES");
  const at = (name: string) => `${path}/${name}`;
  return {
    names: () => [...written.keys()].map((file) => file.replace(at(""), "")),
    create: (name, text) => {
      const isNew = !written.has(at(name));
      if (isNew) written.set(at(name), text);
      return isNew;
    },
    replace: (name, text) => void written.set(at(name), text),
    append: (name, text) => void written.set(at(name), (written.get(at(name)) ?? "") + text),
    flush: () => {},
    remove: (name) => void written.delete(at(name)),
  };
}

/** As a call of the system fails. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused, open`), { code, errno: -1, syscall: "open" });
}

export const identity = identityFromSeed(new Uint8Array(32).fill(7));

/** The files of a running node in `directory`. */
export function nodeFiles(directory: string): Record<string, string> {
  const node = { url: "http://127.0.0.1:8000", node_id: identity.nodeId, pid: 42 };
  return {
    [`${directory}/node.json`]: JSON.stringify(node),
    [`${directory}/token`]: "secret-token-0123456789\n",
  };
}

export function json(status: number, body: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** A node that proves its id and answers `routes` by path. */
export function nodeAnswers(
  routes: Readonly<Record<string, unknown>>,
): (request: HttpRequest) => HttpResponse {
  return (request) => {
    const [path = "", query = ""] = request.path.split("?");
    if (path === "/.well-known/tankd") {
      const challenge = new URLSearchParams(query).get("challenge") ?? "";
      return json(200, {
        node_id: identity.nodeId,
        public_key: identity.publicKey,
        signature: signChallenge(identity, challenge),
      });
    }
    const body = routes[`${request.method} ${path}`];
    if (body !== undefined) return json(request.method === "POST" ? 201 : 200, body);
    const code = path.startsWith("/gateway/tanks/") ? "unknown_tank" : "not_found";
    return json(404, { type: `urn:tankd:problem:${code}`, detail: "Nothing is here" });
  };
}
