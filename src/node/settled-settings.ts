import { formatHostPort } from "../discovery/addresses.ts";
import type { Address } from "../discovery/backend.ts";
import type { Settled, SettledSettings } from "./settings/shown.ts";
import type { Settings } from "./settings/table.ts";

/** What a data directory, and the start of a node there, made of settings. */
export interface SettledBy {
  /** An absolute path. */
  readonly dataDirectory: string;
  /** The name, as it is given or was kept. */
  readonly name: string | undefined;
  /** The hub of `tankd join`. */
  readonly hub: Address | undefined;
  /** Where the node listens; undefined where none runs. */
  readonly server?: { readonly port: number; readonly movedFrom: number | undefined };
}

/** The settings that came to be something else than they were set to. */
export function settledSettings(
  settings: Settings,
  { dataDirectory, name, hub: joined, server }: SettledBy,
): SettledSettings {
  const hub = joined && `http://${formatHostPort(joined)}`;
  const isKept = name !== undefined && name !== settings.name;
  const isJoined = hub !== undefined && !settings.hub.includes(hub);
  const hubs = { value: [...settings.hub, hub], origin: "tankd join" };
  return {
    dataDir: { value: dataDirectory },
    ...(isKept && { name: { value: name, origin: "kept in data_dir" } }),
    ...(isJoined && { hub: hubs }),
    ...(server && { port: portOf(server) }),
  };
}

function portOf({ port, movedFrom }: NonNullable<SettledBy["server"]>): Settled {
  if (movedFrom === undefined) return { value: port };
  return { value: port, origin: `default; ${movedFrom} is taken` };
}
