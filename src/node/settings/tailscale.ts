import { LIMITS } from "../../platform/limits.ts";
import { list, text } from "./kinds.ts";
import { setting } from "./setting.ts";
import { httpUrl, label, path } from "./values.ts";

/** How to reach this machine's tailnet, and which of its devices to ask. */
export const TAILSCALE_SETTINGS = {
  tailscaleSocket: setting({
    kind: path,
    default: undefined,
    flag: "--tailscale-socket",
    placeholder: "path",
    env: "TANKD_TAILSCALE_SOCKET",
    help: "the socket of tailscaled",
    defaultHelp: "its usual path on this system",
  }),
  tailscaleProxy: setting({
    kind: httpUrl,
    default: undefined,
    flag: "--tailscale-proxy",
    placeholder: "url",
    env: "TANKD_TAILSCALE_PROXY",
    help:
      "the HTTP proxy of a tailscaled in userspace mode (--outbound-http-proxy-listen), " +
      "where its socket cannot be opened",
  }),
  tailscaleTags: setting({
    kind: list(label, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--tailscale-tag",
    placeholder: "tag",
    env: "TANKD_TAILSCALE_TAG",
    help: "ask only devices of the tailnet with this tag, like tag:tankd; may be repeated",
  }),
  tailscaleApiKey: setting({
    kind: text(/^[\x21-\x7e]{8,512}$/, "a key of the Tailscale API"),
    default: undefined,
    env: "TANKD_TAILSCALE_API_KEY",
    help:
      "key to list the devices of a tailnet by the API of its control server, for a " +
      "machine without Tailscale",
    secret: true,
  }),
  tailscaleTailnet: setting({
    kind: text(/^[A-Za-z0-9@._-]{1,253}$/, "the name of a tailnet"),
    default: "-",
    flag: "--tailscale-tailnet",
    placeholder: "name",
    env: "TANKD_TAILSCALE_TAILNET",
    help: "the tailnet to list with that key",
    defaultHelp: "the one that the key belongs to",
  }),
  tailscaleApiUrl: setting({
    kind: httpUrl,
    default: "https://api.tailscale.com",
    flag: "--tailscale-api-url",
    placeholder: "url",
    env: "TANKD_TAILSCALE_API_URL",
    help: "the URL of that API",
  }),
} as const;
