import { Problem } from "../../platform/errors.ts";
import { type ApiContextOf, type ApiMiddleware, upgradesToSocket } from "../env.ts";
import type { HostExemptions } from "./host-exemptions.ts";

export interface HostCheckOptions {
  /** This machine's own name, with or without a domain. */
  readonly hostname: string;
  /** Further names; `*.example.org` stands for every name below it. */
  readonly allowedHosts: readonly string[];
}

/**
 * Refuses requests whose Host is not one of ours: a page of a foreign site whose name was rebound
 * to our address carries that site's name (DNS rebinding). What other programs ask of a node is
 * exempt, so that a hub answers under any name that leads to it; a browser is not, and shows itself
 * by Origin. No browser leaves Host out, as HTTP/1.0 may.
 * @param readsAsPeer whether a request is signed by a node that may read under any name
 */
export function hostCheck(
  options: HostCheckOptions,
  exemptions: HostExemptions,
  readsAsPeer: (c: ApiContextOf) => Promise<boolean>,
): ApiMiddleware {
  return async function hostCheck(c, next) {
    const host = c.req.header("host");
    if (host !== undefined && !isOurHost(host, options)) {
      if (c.req.header("origin") !== undefined) throw foreignHost(host);
      const exemption = exemptions.of(c.req.method, c.req.path, upgradesToSocket(c));
      if (exemption === undefined && !(await readsAsPeer(c))) throw foreignHost(host);
      c.set("mustBeSigned", exemption === "signed");
    }
    await next();
  };
}

/** The refusal of a request for somebody else. */
export function foreignHost(host: string): Problem {
  return new Problem(
    "foreign_host",
    `This node does not answer for the host "${host.slice(0, 255)}". ` +
      `Use its address, or start it with --allow-host ${hostOf(host) ?? "NAME"}`,
  );
}

/** Whether a Host header may name this node. */
export function isOurHost(header: string, options: HostCheckOptions): boolean {
  const host = hostOf(header);
  if (host === undefined) return false;
  if (host.startsWith("[") || isIPv4(host)) return true;
  if (!isName(host)) return false;
  return isPrivateName(host) || isOwnName(host, options);
}

/** Names that no foreign name server can answer for, so that they cannot be rebound. */
function isPrivateName(name: string): boolean {
  // `.local` is mDNS only (RFC 6762 §3); it covers `*.svc.cluster.local` as well.
  return !name.includes(".") || /\.(local|localhost)$/.test(name);
}

function isOwnName(name: string, options: HostCheckOptions): boolean {
  const own = trim(options.hostname);
  if (name === own) return true;
  // MagicDNS of Tailscale: our own label in whatever tailnet we are.
  if (name.startsWith(`${own.split(".")[0]}.`) && name.endsWith(".ts.net")) return true;
  return options.allowedHosts.some((entry) => {
    const allowed = trim(entry);
    return allowed.startsWith("*.") ? name.endsWith(allowed.slice(1)) : name === allowed;
  });
}

function trim(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, "");
}

/**
 * The host of a Host header in lower case without port and trailing dot, IPv6 in brackets;
 * undefined when it is malformed (RFC 9110 §7.2, RFC 3986 §3.2.2).
 */
export function hostOf(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+(?:%[\w.~%-]+)?\]|[^\s:@/?#\\[\]]+)(?::(\d{1,5}))?$/i.exec(header);
  if (match?.[1] === undefined) return undefined;
  if (match[2] !== undefined && Number(match[2]) > 65535) return undefined;
  const host = trim(match[1]);
  return host === "" || host === "[]" ? undefined : host;
}

function isIPv4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

/** Letters, digits, hyphen and underscore between dots. */
function isName(host: string): boolean {
  return host.length <= 253 && host.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}
