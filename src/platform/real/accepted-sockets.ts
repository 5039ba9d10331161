import type { AcceptedSocket, AcceptedSockets } from "../machine.ts";
import { openDescriptors, ownLimit } from "./descriptors.ts";

/** Families and sizes of Linux (`socket.h`, `inet.h`), and where a `sockaddr` has its parts. */
const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;
const SOCKADDR_BYTES = 128;
const ADDRESS_TEXT_BYTES = 46;
/** `tcp_info` (`tcp.h`) up to the bytes received, which Linux has since 4.1. */
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_INFO_BYTES = 136;
const RECEIVED_AT = 128;
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;

/**
 * The C library, by the name under which glibc has loaded it already, so that no descriptor is
 * needed. musl takes every name that begins with `libc.` for itself.
 */
const LIBRARY = "libc.so.6";

/**
 * The connections that this process has accepted. `Bun.serve` tells of one only once it has sent a
 * whole request, and can close no single one: so the system is asked. Undefined where this cannot
 * be done; loading it takes a millisecond and 1.2 MB, so that is left for when it is needed.
 */
export async function openAcceptedSockets(): Promise<AcceptedSockets | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    return acceptedSockets(await loadLibrary());
  } catch {
    return undefined;
  }
}

async function loadLibrary() {
  const { dlopen } = await import("bun:ffi");
  const ofSocket = { args: ["i32", "ptr", "ptr"], returns: "i32" } as const;
  return dlopen(LIBRARY, {
    getsockname: ofSocket,
    getpeername: ofSocket,
    inet_ntop: { args: ["i32", "ptr", "ptr", "u32"], returns: "ptr" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    shutdown: { args: ["i32", "i32"], returns: "i32" },
  }).symbols;
}

function acceptedSockets(system: Awaited<ReturnType<typeof loadLibrary>>): AcceptedSockets {
  const name = new Uint8Array(SOCKADDR_BYTES);
  const view = new DataView(name.buffer);
  const ipv4 = name.subarray(IPV4_AT);
  const ipv6 = name.subarray(IPV6_AT);
  const information = new BigUint64Array(TCP_INFO_BYTES / 8);
  const length = new Uint32Array(1);
  const text = Buffer.alloc(ADDRESS_TEXT_BYTES);

  const ask = (call: typeof system.getsockname, descriptor: number) => {
    length[0] = SOCKADDR_BYTES;
    const isKnown = call(descriptor, name, length) === 0;
    // Both processors that we build for are little-endian.
    const family = isKnown ? view.getUint16(0, true) : 0;
    return family === AF_INET || family === AF_INET6 ? family : undefined;
  };
  const addressOf = (family: number) => {
    const written = system.inet_ntop(family, family === AF_INET ? ipv4 : ipv6, text, text.length);
    return written === null ? "" : text.toString("latin1", 0, text.indexOf(0));
  };
  const acceptedAs = (descriptor: number, localPort: number): AcceptedSocket | undefined => {
    if (ask(system.getsockname, descriptor) === undefined) return undefined;
    if (view.getUint16(PORT_AT) !== localPort) return undefined;
    // What listens has no other side.
    const family = ask(system.getpeername, descriptor);
    if (family === undefined) return undefined;
    return { descriptor, address: addressOf(family), port: view.getUint16(PORT_AT) };
  };
  const receivedBy = (descriptor: number) => {
    length[0] = TCP_INFO_BYTES;
    const asked = system.getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, information, length);
    if (asked !== 0 || length[0] !== TCP_INFO_BYTES) return undefined;
    return Number(information[RECEIVED_AT / 8]);
  };
  return {
    list: (localPort) =>
      openDescriptors(ownLimit() ?? 0)
        .map((descriptor) => acceptedAs(descriptor, localPort))
        .filter((socket) => socket !== undefined),
    received: ({ descriptor }) => receivedBy(descriptor),
    end: ({ descriptor }) => void system.shutdown(descriptor, SHUT_RDWR),
  };
}
