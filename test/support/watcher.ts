/**
 * Watches a tank as a browser does and says as JSON what it has seen once it has `frames` of them.
 *
 *     bun test/support/watcher.ts ws://HOST:PORT/ws/TANK FRAMES
 */
const [url, frames] = process.argv.slice(2);
if (url === undefined || frames === undefined) throw new Error("usage: watcher.ts URL FRAMES");

const seen: Record<string, number> = {};
let tank = "";
const socket = new WebSocket(url);
socket.onmessage = ({ data }) => {
  const message: { type: string; tank?: { tank_id: string } } = JSON.parse(String(data));
  seen[message.type] = (seen[message.type] ?? 0) + 1;
  if (message.type === "hello") tank = message.tank?.tank_id ?? "";
  if ((seen["frame"] ?? 0) >= Number(frames)) {
    process.stdout.write(JSON.stringify({ tank, seen }));
    process.exit(0);
  }
};
socket.onerror = (event) => {
  process.stderr.write("message" in event ? `${event.message}\n` : "error\n");
};
socket.onclose = ({ code, reason }) => {
  process.stderr.write(`closed: ${code} ${reason}\n`);
  process.exit(1);
};

export {};
