import { createSocket, type Socket } from "node:dgram";
import { type Endpoint, type Family, MDNS_PORT } from "./station.ts";

export interface SocketEvents {
  readonly onPacket: (bytes: Uint8Array, from: Endpoint) => void;
  /** It no longer sends or receives: close it and open another one. */
  readonly onFailure: (error: unknown) => void;
}

export interface MulticastSocket {
  send(bytes: Uint8Array, to?: Endpoint): Promise<void>;
  close(): void;
}

/** The properties of an interface that a socket needs. */
export interface SocketPlace {
  readonly family: Family;
  readonly interfaceName: string;
  /** Its IPv4 address there. */
  readonly ipv4: string | undefined;
}

/** Opens a multicast DNS socket. Later errors are reported by `onFailure`. */
export type OpenSocket = (place: SocketPlace, events: SocketEvents) => MulticastSocket;

const GROUPS: Readonly<Record<Family, string>> = { IPv4: "224.0.0.251", IPv6: "ff02::fb" };
/** RFC 6762 section 11. */
const HOP_LIMIT = 255;

/**
 * A multicast DNS socket on one interface, which IPv4 identifies by its address there and IPv6 by a
 * zone. Anything else, such as a bare zone or a name without an address, silently means the first
 * interface.
 */
export const openSocket: OpenSocket = (place, events) => {
  const { family } = place;
  const group = GROUPS[family];
  const local = family === "IPv4" ? (place.ipv4 ?? "") : `::%${place.interfaceName}`;
  const socket: Socket =
    family === "IPv4"
      ? createSocket({ type: "udp4", reuseAddr: true })
      : createSocket({ type: "udp6", reuseAddr: true, ipv6Only: true });
  let open = true;
  const fail = (error: unknown) => {
    if (open) events.onFailure(error);
  };
  socket.on("error", fail);
  socket.on("message", (bytes, { address, port }) => {
    if (open) events.onPacket(bytes, { address, port });
  });
  const bound = new Promise<void>((resolve) => {
    // The wildcard: a socket that is bound to an address receives no multicast.
    socket.bind(MDNS_PORT, family === "IPv4" ? "0.0.0.0" : "::", () => {
      try {
        socket.addMembership(group, local);
        socket.setMulticastInterface(local);
        socket.setMulticastTTL(HOP_LIMIT);
        socket.setMulticastLoopback(true);
      } catch (error) {
        fail(error);
      }
      resolve();
    });
  });
  const sendNow = (bytes: Uint8Array, to: Endpoint) =>
    new Promise<void>((resolve) => {
      const done = (error?: unknown) => {
        if (error) fail(error);
        resolve();
      };
      try {
        socket.send(bytes, to.port, to.address, done);
      } catch (error) {
        done(error);
      }
    });
  return {
    send: async (bytes, to) => {
      await bound;
      if (open) await sendNow(bytes, to ?? { address: group, port: MDNS_PORT });
    },
    close: () => {
      open = false;
      try {
        socket.close();
      } catch {
        // It was never open.
      }
    },
  };
};
