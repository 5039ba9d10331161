import { type ApiServer, type ListenOptions, listen } from "../api/server.ts";
import { Problem } from "../platform/errors.ts";
import type { Settings } from "./settings/table.ts";

/** IPv4 and IPv6 through one socket; IPv4 only on a kernel without IPv6. */
const EVERYWHERE = ["::", "0.0.0.0"] as const;

/**
 * Opens the port of the API, which answers once it serves.
 * @throws Problem `port_in_use`, `bad_setting`
 */
export function openApi(
  settings: Pick<Settings, "host" | "port">,
  options: Omit<ListenOptions, "host" | "port">,
): ApiServer {
  const asked = { ...options, port: settings.port };
  if (settings.host !== undefined) return listen({ host: settings.host, ...asked });
  try {
    return listen({ host: EVERYWHERE[0], ...asked });
  } catch (error) {
    if (!(error instanceof Problem && error.code === "bad_setting")) throw error;
    return listen({ host: EVERYWHERE[1], ...asked });
  }
}

/** Whether this host stands for every address of the machine. */
export function isEverywhere(host: string | undefined): boolean {
  return host === undefined || EVERYWHERE.some((one) => one === host);
}

/** The host under which programs of this machine reach the API. */
export function localHost(host: string | undefined): string {
  return host === undefined || isEverywhere(host) ? "127.0.0.1" : host;
}
