import type { ServerRecord } from "./server-record.ts";

/** Nodes of earlier builds do not say whether a server is a member. */
type Listed = Pick<ServerRecord, "signed"> & { readonly member?: boolean | undefined };

/** Whether a listed server may do more than be seen and offer fish. */
export function hasRights({ signed, member }: Listed): boolean {
  return signed && member !== false;
}

/** In one word, of a server that has none. */
export function whyWithoutRights({ signed }: Listed): "unsigned" | "stranger" {
  return signed ? "stranger" : "unsigned";
}
