import { z } from "zod";
import { readLeaseUrl as readConsulLease } from "../../adapters/consul/lease-url.ts";
import { DNS_NAME_FORM, readDnsName } from "../../adapters/dns/name.ts";
import { readLeaseUrl as readEtcdLease } from "../../adapters/etcd/access.ts";
import type { ServerFilter } from "../../cluster/cluster.ts";
import { BACKEND_CHOICES, BACKEND_NAMES } from "../../discovery/backend-names.ts";
import { readHostAndPort } from "../../discovery/host-and-port.ts";
import { completeHubUrl, HUB_URL_FORM, hasScheme } from "../../discovery/hub/url.ts";
import { LIMITS } from "../../platform/limits.ts";
import { once } from "../../platform/once.ts";
import { UNSHOWN } from "../../platform/shown-text.ts";
import { isHubUrl } from "../addresses.ts";
import { list, type SettingKind, text } from "./kinds.ts";

/** Kinds of values that are specific to this program's settings. */
export const label = text(
  /^[\p{L}\p{N}][\p{L}\p{N}._:=/-]{0,63}$/u,
  `up to ${LIMITS.labelCharactersMax} letters, digits and . _ : = / -`,
);
export const name = text(
  /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u,
  `up to ${LIMITS.nameCharactersMax} letters, digits and . _ - (first a letter or digit)`,
);
export const clusterName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/,
  "up to 32 letters, digits and . _ -",
);
export const path = text(/^[^\0]{1,4096}$/, "a path");

/** The value of metadata that the operator assigns to this server. */
export const factText = shownText(LIMITS.metadataCharactersMax);
/** The value of a resource: a number, `true` or `false` where the text is one. */
export const factValue: SettingKind<string | number | boolean> = {
  ...shownText(LIMITS.labelCharactersMax),
  schema: once(() =>
    z.union([
      z.boolean(),
      z.number(),
      shownText(LIMITS.labelCharactersMax).schema().transform(asPlainValue),
    ]),
  ),
  allowed: "a number, true, false or a short text",
};

function shownText(charactersMax: number): SettingKind<string> {
  const isShown = (value: string) => value.length <= charactersMax && !UNSHOWN.test(value);
  return text(isShown, `up to ${charactersMax} characters`);
}

function asPlainValue(value: string): string | number | boolean {
  if (value === "true" || value === "false") return value === "true";
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value;
}

/** `HOST[:PORT]` becomes the URL that it stands for. */
export const hubUrl: SettingKind<string> = {
  ...text(isHubUrl, HUB_URL_FORM),
  schema: once(() => z.string().trim().refine(isHubUrl).transform(completeHubUrl)),
};
/** Scheme, host and port, without credentials or a path. */
export const httpUrl = text(
  (value) => URL.parse(value)?.origin === value && /^https?:/.test(value),
  "a URL like http://127.0.0.1:1055, without a path",
);
export const hostAndPort = text(
  (value) => readHostAndPort(value) !== undefined,
  "an address or name, with a port if it differs: 203.0.113.7 or example.org:8000",
);

const CONDITION = /^(tag|capability|region|zone)=([\p{L}\p{N}][\p{L}\p{N}._:=/-]{0,63})$/u;

/** A condition for servers. */
export const serverCondition = text(CONDITION, "tag=T, capability=C, region=R or zone=Z");

/** The filter of servers for which all conditions hold. */
export function filterOf(conditions: readonly string[]): ServerFilter {
  const valuesOf = (key: string) =>
    conditions.flatMap((condition) => {
      const [, of, value] = CONDITION.exec(condition) ?? [];
      return of === key && value !== undefined ? [value] : [];
    });
  const [region, zone] = [valuesOf("region").at(-1), valuesOf("zone").at(-1)];
  return {
    tags: valuesOf("tag"),
    capabilities: valuesOf("capability"),
    ...(region === undefined ? {} : { region }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** Bounded by the schema of the documents that nodes exchange. */
const LEASE_CHARACTERS_MAX = 300;
/** The URL of a lease. It is parsed with an empty cluster name, since only its form is checked. */
export const leaseUrl = text(
  (url) =>
    url.length <= LEASE_CHARACTERS_MAX &&
    (readEtcdLease(url, "") !== undefined || readConsulLease(url) !== undefined),
  "etcd://HOST[:PORT][,HOST[:PORT]…][/KEY] or consul://HOST[:PORT][/KEY], with etcds or consuls " +
    "for TLS, and without user and password: those have settings of their own",
);

/** A certificate or key, or several. */
export const pem = text(
  (value) => value.startsWith("-----BEGIN ") && value.endsWith("-----") && value.length < 100_000,
  "PEM text, which begins with -----BEGIN",
);
export const dnsName = text((value) => readDnsName(value) !== undefined, DNS_NAME_FORM);

export const interfacePattern = text(
  /^!?[A-Za-z0-9_.:@*?-]{1,63}$/,
  "the name of a network interface like eth0, or a pattern like wl*; a leading ! excludes it",
);

const isAnything = () => true;
const lonelyWords: readonly string[] = BACKEND_CHOICES;
const backendWords: readonly string[] = [...BACKEND_CHOICES, ...BACKEND_NAMES];
// A host alone would be taken for a misspelt backend, or the other way round.
const isBackendWord = (word: string) =>
  backendWords.includes(word) || (hasScheme(word) && isHubUrl(word));
const backend: SettingKind<string> = {
  ...text(
    isBackendWord,
    `${backendWords.join(", ")} or the URL of a hub, which is ${HUB_URL_FORM}`,
  ),
  choices: backendWords,
};
const backends = list(backend, LIMITS.labelsMax);
/** `auto` and `none` stand alone. */
export const discovery: SettingKind<readonly string[]> = {
  ...backends,
  allowed: `${backends.allowed}; auto and none stand alone`,
  schema: once(() =>
    backends
      .schema()
      .refine(
        (words) =>
          words.length === 1 || (words.length > 1 && !words.some((w) => lonelyWords.includes(w))),
      ),
  ),
  salvage: (raw) => {
    const words = list(text(isAnything, ""), LIMITS.labelsMax).schema().safeParse(raw).data ?? [];
    return words.filter(isBackendWord);
  },
};
