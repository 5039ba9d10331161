import { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";
import { UNSHOWN } from "../platform/shown-text.ts";
import type { ApiContext } from "./context.ts";
import type { ApiEnv } from "./env.ts";
import { requireToken } from "./middleware/control-token.ts";
import { jsonBody } from "./middleware/json-body.ts";
import { atItsHost } from "./orders.ts";
import { problemSchema, shapeProblem } from "./problems.ts";

/** A router for one resource, to be mounted on the app. Malformed requests become problems. */
export function newRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw shapeProblem(result.target === "json" ? "invalid" : "bad_request", result.error);
    },
  });
}

/** The declaration of a JSON body or answer. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** The error response of every route. */
export const refusal = {
  description: "A problem (RFC 9457); `type` is `urn:tankd:problem:<code>`",
  content: { "application/problem+json": { schema: problemSchema } },
};

/** A name in a path parameter or a header. */
export const nameParameter = z.string().min(1).max(LIMITS.nameCharactersMax);

/** A parameter that identifies a tank: an id, a name, an alias or `SERVER::TANK`. */
export const tankParameter = z
  .string()
  .min(1)
  .max(2 * LIMITS.nameCharactersMax + 2);

/** Text that is shown to users of other machines: see {@link UNSHOWN}. */
export function shownText(charactersMax: number) {
  return z
    .string()
    .max(charactersMax)
    .refine((text) => !UNSHOWN.test(text), {
      error: "No control characters, line breaks or bidirectional marks",
    });
}

/** Middleware of every route by which an operator changes something: token, bounded body. */
export function control(context: ApiContext) {
  return {
    middleware: [
      requireToken({ token: context.controlToken }),
      jsonBody({ bytesMax: LIMITS.requestBodyBytesMax }),
    ],
    security: [{ controlToken: [] }],
  };
}

/** The same of a route of one tank, which its host executes wherever it is. */
export function tankControl(context: ApiContext) {
  const { middleware, security } = control(context);
  return { middleware: [...middleware, atItsHost(context)], security };
}
