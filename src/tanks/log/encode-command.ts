import type { Command } from "../../sim/types.ts";

const utf8 = new TextEncoder();

/**
 * The payload of a command in the log; command-codec.ts reads it. Apart from that, so that
 * simulation threads need no schemas.
 */
export function encodeCommand(command: Command): Uint8Array<ArrayBuffer> {
  const { kind: _, ...fields } = command;
  if ("entityId" in fields) return json({ fishId: fields.entityId, side: fields.side });
  if (!("record" in fields)) return json(fields);
  const { record: bytes, ...rest } = fields;
  const head = json(rest);
  const payload = new Uint8Array(head.length + 1 + bytes.length);
  payload.set(head);
  payload.set(bytes, head.length + 1);
  return payload;
}

function json(fields: object): Uint8Array<ArrayBuffer> {
  return utf8.encode(JSON.stringify(fields));
}
