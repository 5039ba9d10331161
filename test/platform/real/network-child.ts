import { HttpNetwork } from "../../../src/platform/real/network.ts";

/** Asks the given origin and prints the answer: run by a test with another environment. */
const response = await new HttpNetwork().send({
  method: "GET",
  origin: process.argv[2] ?? "",
  path: "/",
  headers: {},
  timeoutMs: 5000,
  responseBytesMax: 1000,
});
process.stdout.write(response.body);
process.exit(0);
