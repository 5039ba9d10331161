import { HttpNetwork } from "../../../src/platform/real/network.ts";

/**
 * Asks the given origin, at the given address if there is one, and prints the answer and the
 * addresses of localhost: run by tests compiled, or with another environment.
 */
const [origin = "", connectTo] = process.argv.slice(2);
const network = new HttpNetwork();
const { body } = await network.send({
  method: "GET",
  origin,
  path: "/",
  headers: {},
  ...(connectTo === undefined ? {} : { connectTo }),
  timeoutMs: 5000,
  responseBytesMax: 1000,
});
const resolved = await network.resolve("localhost");
process.stdout.write(JSON.stringify({ body, resolved }));
process.exit(0);
