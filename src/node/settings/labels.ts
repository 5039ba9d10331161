import { LIMITS } from "../../platform/limits.ts";
import { facts, list } from "./kinds.ts";
import { setting } from "./setting.ts";
import { factText, factValue, label, name } from "./values.ts";

/** Labels of this server, which others can filter by. */
export const LABEL_SETTINGS = {
  tag: setting({
    kind: list(label, LIMITS.labelsMax),
    default: [] as readonly string[],
    flag: "--tag",
    placeholder: "tag",
    env: "TANKD_TAG",
    help: "a tag others can filter by; may be repeated",
  }),
  capability: setting({
    kind: list(label, LIMITS.capabilitiesMax),
    default: [] as readonly string[],
    flag: "--capability",
    placeholder: "name",
    env: "TANKD_CAPABILITY",
    help: "a capability in addition to the built-in ones; may be repeated",
  }),
  region: setting({
    kind: name,
    default: undefined,
    flag: "--region",
    placeholder: "name",
    env: "TANKD_REGION",
    help: "the region of this server",
  }),
  zone: setting({
    kind: name,
    default: undefined,
    flag: "--zone",
    placeholder: "name",
    env: "TANKD_ZONE",
    help: "the zone in the region",
  }),
  resource: setting({
    kind: facts(factValue, LIMITS.resourcesMax),
    default: {} as Readonly<Record<string, string | number | boolean>>,
    flag: "--resource",
    placeholder: "key=value",
    env: "TANKD_RESOURCE",
    help: "a resource in addition to cores and memory, like gpu=2; may be repeated",
  }),
  metadata: setting({
    kind: facts(factText, LIMITS.metadataMax),
    default: {} as Readonly<Record<string, string>>,
    flag: "--metadata",
    placeholder: "key=value",
    env: "TANKD_METADATA",
    help: "metadata of this server, like owner=lab-3; may be repeated",
  }),
} as const;
