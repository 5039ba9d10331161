import { afterEach, describe } from "bun:test";
import {
  decisionsAreRemoved,
  eventsAreBounded,
  transfersAreBounded,
} from "./conformance/bounds.ts";
import { commitsAreCounted, commitsAreWhole } from "./conformance/commits.ts";
import { transfersAreCounted } from "./conformance/counts.ts";
import { tanksMove } from "./conformance/moves.ts";
import { registryIsKept } from "./conformance/registry.ts";
import { rowsComeBack } from "./conformance/rows.ts";
import type { Subject } from "./conformance/subject.ts";
import { transfersAreFound } from "./conformance/transfers.ts";
import { logEndsAreRemembered } from "./conformance/watermarks.ts";

/** What every Store promises. `open` makes an empty one with BOUNDS. */
export function storeConformance(name: string, open: () => Promise<Subject>): void {
  let subject: Subject | undefined;
  const opened = async () => {
    subject = await open();
    return { journal: subject.store.journal, store: subject.store, subject };
  };
  afterEach(async () => {
    await subject?.dispose();
    subject = undefined;
  });

  describe(name, () => {
    rowsComeBack(opened);
    commitsAreWhole(opened);
    commitsAreCounted(opened);
    logEndsAreRemembered(opened);
    transfersAreFound(opened);
    eventsAreBounded(opened);
    transfersAreBounded(opened);
    decisionsAreRemoved(opened);
    transfersAreCounted(opened);
    tanksMove(opened);
    registryIsKept(opened);
  });
}
