import { z } from "zod";
import { tankViewSchema } from "./tank-view.ts";

/** A tank that was created, and where, if that was asked. */
export const createdTankSchema = tankViewSchema.extend({
  placement: z
    .object({ server_id: z.string(), reason: z.string().describe("One line for people") })
    .optional(),
});
export type CreatedTank = z.infer<typeof createdTankSchema>;
