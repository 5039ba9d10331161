import type { Address } from "../discovery/backend.ts";
import { Problem } from "../platform/errors.ts";
import { sleep } from "../platform/timers.ts";
import { secretDifference } from "./admission/secret-difference.ts";
import type { JoinResult } from "./cluster.ts";
import { keepJoinedHub } from "./membership/joined-hub.ts";
import type { ClusterParts } from "./parts/parts.ts";
import { isReady } from "./peers/peer.ts";

/** Timeout of all goodbyes together: a stopping node must not wait for dead ones. */
const GOODBYE_MS = 1_000;

/** Starts to look for other nodes. */
export async function start(parts: ClusterParts): Promise<void> {
  const { clones, keeper, registry, memory, selfWatch, role, upkeep } = parts;
  await clones.positions.start();
  clones.positions.joining();
  await keeper.load(registry);
  await memory.start();
  selfWatch.list();
  search(parts);
  await role.start();
  await parts.lease?.start();
  upkeep.start();
}

/**
 * Leaves the cluster for good: a hub tells its workers, a worker its hub, and the backends withdraw
 * their announcements.
 */
export async function stop(parts: ClusterParts): Promise<void> {
  const { state, role, deps, discovery, uplink, seat, memory, keeper, registry } = parts;
  if (state.isStopped) return;
  const goodbyes = state.hasLeft ? Promise.resolve() : sayGoodbye(parts);
  state.isStopped = true;
  // A leaving node must not take over.
  role.stop();
  parts.gatherer.stop();
  parts.succession.close();
  parts.upkeep.stop();
  parts.nominations.stop();
  parts.clones.positions.stop();
  const kept = keeper.keepTimes(registry.entries());
  const ends = [goodbyes, discovery.stop(), parts.lease?.stop(), memory.stop(), kept];
  const said = Promise.all(ends);
  await Promise.race([said, sleep(deps.timers, 2 * GOODBYE_MS)]);
  // Goodbyes use the tunnels, too.
  parts.tunnel.release();
  parts.tunnels.closeAll();
  uplink.release();
  seat.release();
}

/**
 * Joins the hub at this address, now and after restarts, and keeps trying while it does not answer.
 */
export async function join(parts: ClusterParts, hub: Address): Promise<JoinResult> {
  const { state, given, nominations, deps, discovery, lease } = parts;
  if (state.isStopped) throw new Problem("not_ready", "This node is stopping.");
  given.join(hub);
  if (state.hasLeft) {
    state.hasLeft = false;
    await discovery.stop();
    search(parts);
    lease?.join();
  }
  const result = await nominations.dialGiven(hub);
  switch (result.kind) {
    case "self":
      given.unjoin(hub);
      return { met: false, detail: "That is this node itself; nothing has changed" };
    case "foreign":
      given.unjoin(hub);
      return { met: false, detail: `That node belongs to the cluster "${result.cluster}"` };
    case "failed":
      await keepJoinedHub(deps.journal, hub);
      return { met: false, detail: `${result.reason}; it is tried again until it answers` };
    case "met": {
      await keepJoinedHub(deps.journal, hub);
      const { document } = result.meeting;
      const difference = secretDifference(deps.settings.secret, document);
      const name = document.record.server_id;
      if (difference === undefined) return { met: true, detail: `Met ${name}` };
      return {
        met: false,
        detail: `${name} ${difference}; the URL is kept, for the next start too`,
      };
    }
  }
}

/** Leaves the cluster: the node knows, seeks and answers no other until it joins a hub. */
export async function leave(parts: ClusterParts): Promise<void> {
  const { state, deps, registry, table, role, discovery, given, memory } = parts;
  if (state.isStopped || state.hasLeft) return;
  given.unjoinAll();
  parts.lease?.leave();
  await keepJoinedHub(deps.journal, undefined);
  await Promise.race([sayGoodbye(parts), sleep(deps.timers, 2 * GOODBYE_MS)]);
  state.hasLeft = true;
  for (const { key } of registry.entries()) {
    if (key !== deps.identity.nodeId) registry.remove(key);
  }
  for (const { id } of [...table.all()]) table.forget(id);
  parts.tunnel.release();
  parts.tunnels.closeAll();
  await memory.forget();
  role.discover();
  await discovery.stop();
}

function search({ discovery, description, nominations }: ClusterParts): void {
  discovery.start(description.announcement(), (nomination) => nominations.nominate(nomination));
}

/** A hub tells its workers that it leaves, a worker its hub. */
async function sayGoodbye(parts: ClusterParts): Promise<void> {
  const { role, registration, deps, registry, table, client } = parts;
  if (!role.isHub) return registration.unregister(GOODBYE_MS);
  const { nodeId } = deps.identity;
  const path = `/api/discovery/unregister/${encodeURIComponent(nodeId)}`;
  const workers = registry
    .entries()
    .filter(({ key, status }) => key !== nodeId && status === "online" && isReady(table.get(key)));
  await Promise.all(
    workers.map(async ({ key }) => {
      try {
        await client.send(key, "DELETE", path, undefined, { timeoutMs: GOODBYE_MS });
      } catch {
        // It finds out by itself.
      }
    }),
  );
}
