import { CLASSIC } from "./classic.ts";
import type { Fault } from "./fault.ts";
import { LONG_CUT } from "./long-cut.ts";
import { PAUSES } from "./pauses.ts";
import { POWER_CUT } from "./power.ts";
import { STRAY_WRITES } from "./stray-writes.ts";
import { OTHER_BUILD } from "./versions.ts";

/** Every kind of fault of which a cluster recovers whole. */
export const ALL_FAULTS: readonly Fault[] = [
  ...CLASSIC,
  LONG_CUT,
  ...PAUSES,
  ...STRAY_WRITES,
  POWER_CUT,
  OTHER_BUILD,
];
