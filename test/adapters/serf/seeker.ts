import { SerfBackend, type SerfDeps } from "../../../src/adapters/serf/backend.ts";
import type { Announcement, Nomination } from "../../../src/discovery/backend.ts";
import { createRealPlatform } from "../../../src/platform/real/platform.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { announcementOf } from "../../discovery/announcement.ts";
import { until } from "../../support/commands.ts";
import { WAIT_MS } from "./agents.ts";

/** A backend in this process, with what it has nominated. */
export class Seeker {
  readonly heard: Nomination[] = [];
  readonly backend: SerfBackend;
  readonly announcement: Announcement;
  /** By how much its clock runs ahead. */
  aheadMs = 0;

  constructor(nodeId: string, deps: Partial<SerfDeps>, part: Partial<Announcement> = {}) {
    const platform = createRealPlatform();
    const { clock } = platform;
    this.announcement = announcementOf({ nodeId, role: "discovering", ...part });
    this.backend = new SerfBackend({
      ...platform,
      clock: { ...clock, monotonicMs: () => clock.monotonicMs() + this.aheadMs },
      log: silentLog,
      rpc: undefined,
      key: undefined,
      join: [],
      mayStart: false,
      ...deps,
    });
  }

  start(): Promise<void> {
    return this.backend.start(this.announcement, (nomination) => this.heard.push(nomination));
  }

  /** The newest nomination of a node that `accepts` it; waits for one. */
  hears(nodeId: string, accepts: (one: Nomination) => boolean = () => true): Promise<Nomination> {
    return until(`${nodeId} is nominated`, WAIT_MS, async () =>
      this.heard.findLast((one) => one.nodeId === nodeId && accepts(one)),
    );
  }

  /** Waits until its status is that. */
  says(pattern: RegExp): Promise<string> {
    return until(`the status ${pattern}`, WAIT_MS, async () => {
      const said = this.backend.describe();
      return pattern.test(said) && said;
    });
  }

  become(role: Announcement["role"]): void {
    this.backend.update({ ...this.announcement, role });
  }
}
