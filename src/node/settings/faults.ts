import { Problem } from "../../platform/errors.ts";
import { lackingEndpoints } from "../discovery-plan.ts";
import type { FaultyBackend } from "./setting.ts";
import type { SettingKey, Settings } from "./table.ts";

/** What one backend cannot work with, while the node can work without the backend. */
export interface SettingFault {
  readonly backend: FaultyBackend;
  /** The setting that cannot be read, or that is missing. */
  readonly key: SettingKey;
  /** One line, with what to do. */
  readonly reason: string;
}

/**
 * Backends that were chosen and have nobody to ask, for no other reason that is told.
 * @throws Problem `bad_setting` where the choice was typed just now
 */
export function lacking(
  settings: Settings,
  faults: readonly SettingFault[],
  isTyped: boolean,
): readonly SettingFault[] {
  const isTold = (key: SettingKey) => faults.some((fault) => fault.key === key);
  const found = lackingEndpoints(settings).filter(({ key }) => !isTold(key));
  const [first] = found;
  if (first && isTyped) throw new Problem("bad_setting", first.reason);
  return found;
}

/** As whom a store is asked, for a lease as well as for others. */
const CREDENTIALS: ReadonlySet<SettingKey> = new Set([
  "consulToken",
  "etcdUser",
  "etcdPassword",
  "etcdCa",
  "etcdCert",
  "etcdKey",
]);

/**
 * Who decides who is hub is nothing that a node could go without.
 * @throws Problem `bad_setting`
 */
export function refuseForLease({ lease }: Settings, faults: readonly SettingFault[]): void {
  const found = faults.find(
    ({ backend, key }) => CREDENTIALS.has(key) && lease?.startsWith(backend),
  );
  if (found) throw new Problem("bad_setting", found.reason);
}
