/**
 * A program that holds connections to a node: `bun crowd.ts HOST PORT COUNT WORDS [BYTES]`. Says
 * "there" on stdout once all of them have been made, or refused; then, whenever it is sent a line,
 * how many it still holds. BYTES are `ONCE,AGAIN` in hexadecimal: sent after the first answer once,
 * and without end.
 */
import { connect, type Socket } from "node:net";

const [host = "", port = "", count = "", words = "", bytes = ","] = process.argv.slice(2);
const [once = "", again = ""] = bytes.split(",");
const BLOCK = Buffer.concat(Array(10_000).fill(Buffer.from(again, "hex")));
let held = 0;

function hold(): Promise<void> {
  const socket = connect(Number(port), host);
  // How it ends is for `close` to tell.
  socket.on("error", () => {});
  socket.on("data", () => {});
  if (BLOCK.length > 0) socket.once("data", () => pour(socket));
  return new Promise((resolve) => {
    socket.once("connect", () => {
      held++;
      socket.once("close", () => held--);
      socket.write(words, () => resolve());
    });
    socket.once("close", () => resolve());
  });
}

function pour(socket: Socket): void {
  socket.write(Buffer.from(once, "hex"));
  const more = () => {
    while (!socket.destroyed && socket.write(BLOCK));
  };
  socket.on("drain", more);
  more();
}

await Promise.all(Array.from({ length: Number(count) }, hold));
process.stdout.write("there\n");
for await (const _ of console) process.stdout.write(`${held}\n`);
