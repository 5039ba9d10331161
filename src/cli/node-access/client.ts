import { z } from "zod";
import type { ProblemCode } from "../../platform/errors.ts";
import { messageOf, PROBLEMS, Problem } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ByteNetwork, ByteRequest, Network } from "../../platform/network.ts";
import { NetworkError } from "../../platform/network.ts";

/** A node answers its own command line at once; this allows for a busy one. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Enough for a list of ten thousand tanks, about 1 kB each. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Enough for a file over a slow line, and its replay on a slow machine. */
const FILE_TIMEOUT_MS = 60 * 60 * 1000;
/** An archive, or a problem instead of one. */
const FILE_BYTES_MAX = LIMITS.archiveBytesMax;

const problemSchema = z.object({
  type: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
});

const PROBLEM_TYPE_PREFIX = "urn:tankd:problem:";

/** A client of one node's HTTP API. The token is sent only where one is required. */
export class NodeClient {
  readonly url: string;
  readonly #network: Network & ByteNetwork;
  readonly #token: string | undefined;

  constructor(network: Network & ByteNetwork, url: string, token: string | undefined) {
    this.#network = network;
    // An address with a zone is not a valid URL, and is kept unchanged.
    this.url = URL.parse(url)?.origin ?? url;
    this.#token = token;
  }

  /** @throws Problem with the node's own code and sentence, or `no_node` when nothing answers. */
  get(path: string): Promise<unknown> {
    return this.#send("GET", path, undefined);
  }

  /** The answer of a route that heeds the token. @throws as {@link NodeClient.get} */
  getWithToken(path: string, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    return this.#send("GET", path, undefined, this.#authorization(), timeoutMs);
  }

  /** @throws as {@link NodeClient.get} */
  post(path: string, body: unknown): Promise<unknown> {
    return this.#send("POST", path, body);
  }

  /** @throws as {@link NodeClient.get} */
  patch(path: string, body: unknown): Promise<unknown> {
    return this.#send("PATCH", path, body);
  }

  /** @throws as {@link NodeClient.get} */
  delete(path: string): Promise<unknown> {
    return this.#send("DELETE", path, undefined);
  }

  /** The bytes of a route that requires the token. @throws as {@link NodeClient.get} */
  async getBytes(path: string): Promise<Uint8Array> {
    const headers = { accept: "*/*", ...this.#authorization() };
    return this.#sendBytes({ method: "GET", path, headers });
  }

  /** Sends a file; the answer is JSON. @throws as {@link NodeClient.get} */
  async postBytes(path: string, type: string, body: Uint8Array): Promise<unknown> {
    // Checked here: the node would close the connection during the upload, maybe without a reason.
    if (this.#token === undefined) throw this.#tokenProblem();
    const headers = {
      accept: "application/json",
      "content-type": type,
      "content-length": String(body.length),
      ...this.#authorization(),
    };
    const answer = await this.#sendBytes({ method: "POST", path, headers, body });
    return parseJson(new TextDecoder().decode(answer));
  }

  async #sendBytes(
    request: Pick<ByteRequest, "method" | "path" | "headers" | "body">,
  ): Promise<Uint8Array> {
    const limits = { timeoutMs: FILE_TIMEOUT_MS, responseBytesMax: FILE_BYTES_MAX };
    const answer = await this.#network
      .sendBytes({ ...request, ...limits, origin: this.url })
      .catch((error: unknown) => {
        throw unansweredProblem(this.url, error);
      });
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw this.#problemOf(answer.status, parseJson(new TextDecoder().decode(answer.body)));
  }

  #problemOf(status: number, body: unknown): Problem {
    const problem = problemOf(this.url, status, body);
    return problem.code === "token_required" ? this.#tokenProblem() : problem;
  }

  async #send(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<unknown> {
    const answer = await this.#network
      .send({
        method,
        origin: this.url,
        path,
        headers: { ...this.#headers(method), ...headers },
        timeoutMs,
        responseBytesMax: ANSWER_BYTES_MAX,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      .catch((error: unknown) => {
        throw unansweredProblem(this.url, error);
      });
    const parsed = parseJson(answer.body);
    if (answer.status >= 200 && answer.status < 300) return parsed;
    throw this.#problemOf(answer.status, parsed);
  }

  #tokenProblem(): Problem {
    return new Problem(
      "token_required",
      this.#token === undefined
        ? "this needs the node's control token: run it as the node's user, set TANKD_TOKEN or " +
            "give --token-file"
        : `${this.url} rejects this control token; the valid one is in the file token of its ` +
            "data directory",
    );
  }

  #headers(method: string): Record<string, string> {
    if (method === "GET") return { accept: "application/json" };
    return {
      accept: "application/json",
      "content-type": "application/json",
      ...this.#authorization(),
    };
  }

  #authorization(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unansweredProblem(url: string, error: unknown): Problem {
  if (error instanceof NetworkError && error.failure === "refused") {
    // With an explicit URL, the hint to start a node here would not help.
    return new Problem("no_node", `no node answers at ${url}`);
  }
  const why = error instanceof NetworkError ? error.reason : messageOf(error);
  return new Problem("unreachable", `${url} does not answer: ${why}`, { cause: error });
}

function problemOf(url: string, status: number, body: unknown): Problem {
  const parsed = problemSchema.safeParse(body);
  const said = parsed.success ? parsed.data : {};
  const sentence = said.detail ?? said.title;
  const code = said.type?.startsWith(PROBLEM_TYPE_PREFIX)
    ? said.type.slice(PROBLEM_TYPE_PREFIX.length)
    : "";
  if (!isProblemCode(code)) {
    return new Problem(
      "unreachable",
      `${url} answered ${status}${sentence ? `: ${sentence}` : ""}; is it a tankd node?`,
    );
  }
  if (code === "not_found") {
    return new Problem(
      code,
      `the node at ${url} knows nothing of this; does it run another version of tankd?`,
    );
  }
  return new Problem(code, withHint(sentence ?? PROBLEMS[code].title, code));
}

/** A node speaks to every program, and gives no command lines. */
const HINTS: Partial<Readonly<Record<ProblemCode, string>>> = {
  unknown_tank: "tankd tank ls --all",
  unknown_server: "tankd peers",
  unknown_connection: "tankd connections",
  unknown_alias: "tankd alias",
  unknown_transfer: "tankd transfers",
};

/** With the command that lists what there is, unless the node has given advice of its own. */
function withHint(sentence: string, code: ProblemCode): string {
  const hint = HINTS[code];
  if (hint === undefined || sentence.includes(";")) return sentence;
  return `${sentence.replace(/\.$/, "")}; to list all: ${hint}`;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
