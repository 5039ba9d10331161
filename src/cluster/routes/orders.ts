import { z } from "zod";
import { ORDERS_PATH, type Orders, sentOrderSchema } from "../admission/orders.ts";
import type { PeerRoute } from "../peer-route.ts";

/** Control of this node by another one. */
export function orderRoute(orders: Orders): PeerRoute {
  return {
    method: "POST",
    path: ORDERS_PATH,
    summary: "An order of another node of the cluster, as if its operator had asked this one",
    request: sentOrderSchema,
    // The answer of the route that was ordered.
    response: z.unknown(),
    handle: (request) => orders.receive(request),
  };
}
