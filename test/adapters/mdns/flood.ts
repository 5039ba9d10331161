import { createSocket } from "node:dgram";
import { writeResponse } from "../../../src/adapters/mdns/message.ts";
import { type DnsRecord, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";

/**
 * Announces made-up services, 800 a second, without the cache-flush bit. Argument: the address of
 * the interface to do it on.
 */
const BATCH = 40;
const BATCH_MS = 50;
const SERVICES = 10_000;

const [address = ""] = process.argv.slice(2);
const socket = createSocket({ type: "udp4", reuseAddr: true });
socket.bind(5353, "0.0.0.0", () => {
  socket.setMulticastInterface(address);
  socket.setMulticastTTL(255);
  let sent = 0;
  setInterval(() => {
    for (let left = BATCH; left > 0; left--) {
      const id = `x${(sent++ % SERVICES).toString().padStart(19, "0")}`;
      socket.send(writeResponse(recordsOf(id)), 5353, "224.0.0.251");
    }
    if (sent === 10 * BATCH) process.stdout.write("flooding\n");
  }, BATCH_MS);
});

function recordsOf(id: string): readonly DnsRecord[] {
  const name = `${id}.${TYPE_NAME}`;
  const target = `${id}.local`;
  const common = { ttl: 4500, flush: false } as const;
  return [
    { name: TYPE_NAME, type: "PTR", ...common, data: name },
    { name, type: "SRV", ...common, data: { port: 8000, target } },
    { name, type: "TXT", ...common, data: ["txtvers=1", `id=${id}`, "cluster=tankd"] },
    { name: target, type: "A", ...common, data: address },
  ];
}
