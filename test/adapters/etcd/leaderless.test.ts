import { expect } from "bun:test";
import { EtcdClient } from "../../../src/adapters/etcd/client.ts";
import { EtcdStore } from "../../../src/adapters/etcd/store.ts";
import { KEY } from "./holders.ts";
import { etcdTest } from "./servers.ts";

const ATTEMPT_MS = 1_500;
/** A member counts its leader as lost after one to two seconds, and says so after a few more. */
const TOLD_MS = 15_000;

etcdTest("a watch at a member that loses its leader ends", { members: 3 }, async (servers) => {
  const [member, ...others] = servers.members;
  const access = { endpoints: [member?.origin ?? ""], namedBy: "ETCD_ENDPOINTS", keys: KEY };
  const store = new EtcdStore(new EtcdClient(access, ATTEMPT_MS));
  const patience = AbortSignal.timeout(TOLD_MS);
  const begun = Promise.withResolvers<void>();
  const watching = store.watch({ key: KEY }, 0n, patience, () => begun.resolve());
  const ended = watching.then(
    () => "nothing was said",
    (error: Error) => error.message,
  );
  await begun.promise;
  await Promise.all(others.map((other) => other.kill()));
  expect(await ended).toContain("has no leader");
});
