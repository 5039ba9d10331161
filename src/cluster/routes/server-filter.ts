import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { ServerFilter } from "../cluster.ts";
import { roleSchema, serverStatusSchema } from "../server-record.ts";

const label = z.string().min(1).max(LIMITS.labelCharactersMax);
const labels = z.array(label).max(LIMITS.labelsMax);
const resource = z
  .string()
  .max(LIMITS.labelCharactersMax + LIMITS.metadataCharactersMax + 1)
  .regex(/^[^=]+=/, { error: "must be KEY=VALUE" });

/** These take one value; the others may be repeated, and a server must have all. */
const single = {
  status: serverStatusSchema.optional(),
  role: roleSchema.optional(),
  region: z.string().max(LIMITS.nameCharactersMax).optional(),
  zone: z.string().max(LIMITS.nameCharactersMax).optional(),
};
const filterSchema = z.object({
  ...single,
  tag: labels,
  capability: labels,
  resource: z.array(resource).max(LIMITS.labelsMax),
});

/** The query parameters by which list routes can be filtered. */
export const FILTERS = [
  "status",
  "role",
  "region",
  "zone",
  "tag",
  "capability",
  "resource",
] as const;

/** The same for the documentation. */
export const filterQuerySchema = z.object(
  Object.fromEntries(FILTERS.map((name) => [name, z.string().optional()])),
);

/**
 * The filter in a path's query: `?tag=a&tag=b` and `?tag=a,b` ask for both.
 * @throws Problem `bad_request` for an unknown filter or an impossible value.
 */
export function filterOf(path: string): ServerFilter {
  const query = new URL(path, "http://node").searchParams;
  const unknown = [...query.keys()].find((key) => !FILTERS.some((known) => known === key));
  if (unknown !== undefined) {
    const name = unknown.slice(0, LIMITS.labelCharactersMax);
    throw new Problem(
      "bad_request",
      `There is no filter "${name}"; known are ${FILTERS.join(", ")}.`,
    );
  }
  const parsed = filterSchema.safeParse({
    ...Object.fromEntries([...query].filter(([key]) => key in single)),
    tag: query.getAll("tag").flatMap((value) => value.split(",")),
    capability: query.getAll("capability").flatMap((value) => value.split(",")),
    resource: query.getAll("resource"),
  });
  if (!parsed.success) {
    throw new Problem("bad_request", `The filter ${describeFirst(parsed.error)}.`);
  }
  const { tag: tags, capability: capabilities, resource: resources, ...rest } = parsed.data;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), tags, capabilities, resources };
}
