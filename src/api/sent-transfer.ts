import { z } from "zod";

/** What became of a transfer by hand. */
export const sentTransferSchema = z.object({
  success: z.boolean().describe("Whether it has arrived"),
  transfer_id: z.string(),
  state: z.string().describe("`delivered`, or `pending` and `in_doubt`: it is in escrow"),
  old_id: z.string(),
  new_id: z.string().describe("The same: ids are permanent"),
  source_server: z.string().nullable(),
  dest_server: z.string().nullable(),
  timestamp: z.string(),
});
export type SentTransfer = z.infer<typeof sentTransferSchema>;
