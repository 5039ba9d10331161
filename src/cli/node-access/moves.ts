import { z } from "zod";
import { drainSchema } from "../../api/drain-view.ts";
import { type Move, moveSchema } from "../../api/move-view.ts";
import { readAnswer } from "../output/answer.ts";
import type { NodeClient } from "./client.ts";

const movesSchema = z.object({ moves: z.array(moveSchema) });

/** Tanks that are leaving the node now, by their ids; none where it is of an earlier version. */
export async function askLeaving(node: NodeClient): Promise<ReadonlyMap<string, Move>> {
  try {
    const { moves } = readAnswer(movesSchema, await node.get("/api/moves"));
    const open = moves.filter(({ state }) => state === "sealed" || state === "moved");
    return new Map(open.map((move) => [move.tank_id, move]));
  } catch {
    return new Map();
  }
}

/** What a drain of the node is about in one line; undefined where there is none. */
export async function askDrain(node: NodeClient): Promise<string | undefined> {
  try {
    const { state, tanks_left, to_server_id, waiting } = readAnswer(
      drainSchema,
      await node.get("/api/drain"),
    );
    if (state === "off") return undefined;
    if (state === "drained") return "drained; tankd drain --cancel lets tanks come again";
    const to = to_server_id === null ? "" : ` to ${to_server_id}`;
    return `draining${to}, ${tanks_left} left${waiting === null ? "" : `; ${waiting}`}`;
  } catch {
    return undefined;
  }
}
