import { z } from "zod";

const word = z.union([z.string(), z.number(), z.boolean()]);

/** A setting of a node: `GET /api/config`, and `tankd config`. */
const shownSettingSchema = z.object({
  key: z.string().describe("As in tankd.toml"),
  value: z
    .union([word, z.null(), z.array(z.string()), z.record(z.string(), word)])
    .describe("Durations and sizes with their unit; null for none; never a secret"),
  origin: z.string().describe("The flag, variable or file that it comes from, or `default`"),
  env: z.string().nullable().describe("The environment variable that sets it"),
});

export const settingsViewSchema = z.object({
  node_id: z.string().nullable().describe("The node that runs with them"),
  server_id: z.string().nullable(),
  settings: z.array(shownSettingSchema),
  faults: z
    .array(z.string())
    .describe("What is wrong with settings of single discovery backends, which fail by it"),
});

export type ShownSetting = z.infer<typeof shownSettingSchema>;
export type SettingsView = z.infer<typeof settingsViewSchema>;
