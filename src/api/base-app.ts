import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, type ApiEnv, pathOf } from "./env.ts";
import { countRequests } from "./middleware/count-requests.ts";
import { headLength } from "./middleware/head-length.ts";
import { hostCheck } from "./middleware/host-check.ts";
import { hostExemptions } from "./middleware/host-exemptions.ts";
import { logChanges } from "./middleware/log-changes.ts";
import { originCheck } from "./middleware/origin-check.ts";
import { readsAsPeer } from "./middleware/peer-signature.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import type { PeerGuard } from "./peer-guard.ts";
import { peerRoutesOf } from "./peer-routes.ts";
import { asProblem, problemResponse } from "./problems.ts";
import { newRouter } from "./router.ts";

/** An app without routes: the common middleware and error handling. */
export function createBaseApp(
  context: ApiContext,
  { limitedUnderForeignHost }: PeerGuard,
): OpenAPIHono<ApiEnv> {
  const app = newRouter();
  app.use(countRequests({ meter: context.meter }));
  app.use(logChanges(context));
  app.use(headLength());
  app.use(securityHeaders());
  const exemptions = hostExemptions(peerRoutesOf(context));
  app.use(hostCheck(context, exemptions, readsAsPeer(context.cluster, limitedUnderForeignHost)));
  app.use(originCheck());
  app.onError((error, c) => refuse(context, error, c));
  return app;
}

function refuse(context: ApiContext, error: unknown, c: ApiContextOf): Response {
  const problem = asProblem(error);
  const { method } = c.req;
  const path = pathOf(c);
  context.log.debug("request refused", {
    method,
    path,
    address: c.env.remoteAddress,
    code: problem.code,
    reason: problem.message,
  });
  // Who breaks a request off in the middle is at fault, not this program.
  if (problem.code === "internal" && !c.req.raw.signal.aborted) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.log.error("request failed", { method, path, error: trace });
  }
  return problemResponse(problem, path);
}
