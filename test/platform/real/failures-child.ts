import { NetworkError } from "../../../src/platform/network.ts";
import { HttpNetwork } from "../../../src/platform/real/network.ts";

/** Asks each of the given origins and prints how that fails: run by tests on other machines. */
const network = new HttpNetwork();
const failures = process.argv.slice(2).map(async (origin) => {
  const limits = { timeoutMs: 15_000, responseBytesMax: 1000 };
  try {
    const { status } = await network.send({
      method: "GET",
      origin,
      path: "/",
      headers: {},
      ...limits,
    });
    return [status];
  } catch (error) {
    if (error instanceof NetworkError) return [error.failure, error.reason];
    throw error;
  }
});
process.stdout.write(JSON.stringify(await Promise.all(failures)));
process.exit(0);
