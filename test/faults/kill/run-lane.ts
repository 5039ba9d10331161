/**
 * One lane in a process of its own, so that what it replays keeps no other lane's clients waiting.
 */
import { z } from "zod";
import { Lane } from "./lane.ts";

const orderSchema = z.object({
  seed: z.number(),
  lane: z.number(),
  kills: z.number(),
  dueSnapshots: z.number(),
  options: z.array(z.string()),
});

try {
  const summary = await new Lane(orderSchema.parse(JSON.parse(process.argv[2] ?? ""))).run();
  process.stdout.write(JSON.stringify(summary));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
