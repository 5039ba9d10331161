import { createServer } from "node:net";

/** The wanted port of `host`, or a free one where that is taken. */
export async function freePort(host: string, wanted: number): Promise<number> {
  return (await listenOnce(host, wanted)) ?? (await listenOnce(host, 0)) ?? wanted;
}

/** The port at which one could listen; undefined where one cannot. */
function listenOnce(host: string, port: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const server = createServer();
  server.on("error", () => resolve(undefined));
  server.listen({ host, port, exclusive: true }, () => {
    const address = server.address();
    const found = typeof address === "object" ? address?.port : undefined;
    server.close(() => resolve(found));
  });
  return promise;
}
