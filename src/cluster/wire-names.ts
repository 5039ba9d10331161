import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";

/** The smallest shapes of the wire, which all others are made of. */
export const nameSchema = z.string().min(1).max(LIMITS.nameCharactersMax);

export const addressSchema = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
});

export const addressesSchema = z.array(addressSchema).max(LIMITS.addressesPerServerMax);
