import { expect, test } from "bun:test";
import type { ClusterDeps } from "../../src/cluster/deps.ts";
import { Dialer } from "../../src/cluster/handshake/dialer.ts";
import type { GivenHubs } from "../../src/cluster/handshake/given-hubs.ts";
import type { DialResult, Handshake } from "../../src/cluster/handshake/handshake.ts";
import type { Address } from "../../src/discovery/backend.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { DEFAULTS } from "../support/simulated/lab-node.ts";

test("of a flood of nominations only the latest are followed up, a few at a time", async () => {
  const dialled: string[] = [];
  const underWay: ((result: DialResult) => void)[] = [];
  const timers: (() => void)[] = [];
  const handshake = {
    dial: ([address]: readonly Address[]) => {
      dialled.push(address?.host ?? "");
      return new Promise<DialResult>((resolve) => underWay.push(resolve));
    },
  } as unknown as Handshake;
  const deps = {
    identity: { nodeId: "self" },
    settings: DEFAULTS,
    log: silentLog,
    timers: { after: (_: number, task: () => void) => timers.push(task) },
  } as unknown as ClusterDeps;
  const dialer = new Dialer(deps, handshake, {} as GivenHubs, () => false);
  const flood = 3 * LIMITS.nominationsMax;
  for (let n = 0; n < flood; n++) {
    dialer.nominate({ backend: "mdns", addresses: [{ host: `host-${n}`, port: 1 }] });
  }
  expect(dialled).toHaveLength(16);
  for (let fail = underWay.shift(); fail; fail = underWay.shift()) {
    fail({ kind: "failed", reason: "nobody" });
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(dialled).toHaveLength(16 + LIMITS.nominationsMax);
  expect(dialled.at(-1)).toBe(`host-${flood - 1}`);
  // Those that were forgotten while they were dialled are not tried again.
  expect(timers).toHaveLength(LIMITS.nominationsMax);
});
