import { type IncomingMessage, type RequestOptions, request } from "node:http";
import type { Duplex } from "node:stream";
import { messageOf } from "../../platform/errors.ts";
import { NetworkError, type NetworkFailure } from "../../platform/network.ts";
import { systemFailure } from "../../platform/real/system-failure.ts";

/** A byte stream to an address of the tailnet. Rejects with {@link NetworkError}. */
export type OpenStream = (host: string, port: number) => Promise<Duplex>;

/** Timeout of a device that does not answer: longer than any request between nodes waits. */
const OPEN_MS = 15_000;
/** Maximum length of a refusal's text; the rest is not read. */
const REASON_CHARACTERS_MAX = 512;

/**
 * A request that turns its connection into a stream to another address: by an upgrade (RFC 9110
 * section 7.8), or by CONNECT (section 9.3.6). Rejects with NetworkError, with the failure of the
 * far end if the program in between reports it.
 */
export function openStream(origin: string, options: RequestOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    // A separate connection: it cannot be reused afterwards.
    const call = request(new URL(origin), { ...options, agent: false });
    const fail = (failure: NetworkFailure, reason?: string) => {
      clearTimeout(deadline);
      reject(new NetworkError(failure, reason ?? failure, reason));
      call.destroy();
    };
    const deadline = setTimeout(() => fail("timeout"), OPEN_MS);
    const take = (socket: Duplex, head: Uint8Array) => {
      clearTimeout(deadline);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    };
    const refuse = (message: IncomingMessage, text: string) => {
      const said = text.slice(0, REASON_CHARACTERS_MAX).split("\n")[0] ?? "";
      fail(failureIn(said), `tailscaled says ${message.statusCode}: ${said}`);
    };
    call.on("upgrade", (_, socket, head) => take(socket, head));
    call.on("connect", (message, socket, head) => {
      if (message.statusCode === 200) return take(socket, head);
      socket.destroy();
      refuse(message, head.toString("utf8"));
    });
    call.on("response", (message) => {
      let text = "";
      message.on("data", (chunk: Uint8Array) => {
        text += Buffer.from(chunk).toString("utf8");
        if (text.length > REASON_CHARACTERS_MAX) refuse(message, text);
      });
      message.on("close", () => refuse(message, text));
    });
    call.on("error", (error) => {
      const [failure, reason] = systemFailure(error);
      // The refusal comes from tailscaled: it does not prove that the other machine is there.
      fail(failure === "refused" ? "unreachable" : failure, reason ?? messageOf(error));
    });
    call.end();
  });
}

/** What the daemon's texts say about the far end (errors of Go and gVisor). */
function failureIn(text: string): NetworkFailure {
  if (/refused/.test(text)) return "refused";
  return /timed? ?out|deadline/.test(text) ? "timeout" : "unreachable";
}
