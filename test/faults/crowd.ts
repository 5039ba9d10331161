/**
 * A program that holds connections to a node: `bun crowd.ts HOST PORT COUNT WORDS`. Says "there" on
 * stdout once all of them have been made, or refused; then, whenever it is sent a line, how many it
 * still holds.
 */
import { connect } from "node:net";

const [host = "", port = "", count = "", words = ""] = process.argv.slice(2);
let held = 0;

function hold(): Promise<void> {
  const socket = connect(Number(port), host);
  // How it ends is for `close` to tell.
  socket.on("error", () => {});
  socket.on("data", () => {});
  return new Promise((resolve) => {
    socket.once("connect", () => {
      held++;
      socket.once("close", () => held--);
      socket.write(words, () => resolve());
    });
    socket.once("close", () => resolve());
  });
}

await Promise.all(Array.from({ length: Number(count) }, hold));
process.stdout.write("there\n");
for await (const _ of console) process.stdout.write(`${held}\n`);
