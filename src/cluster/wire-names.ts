import { z } from "zod";
import { LIMITS } from "../platform/limits.ts";

/** The smallest shapes of the wire, from which all others are composed. */
export const nameSchema = z.string().min(1).max(LIMITS.nameCharactersMax);

/** A name or an IP. */
export const hostSchema = z.string().min(1).max(255);

export const addressSchema = z.object({
  host: hostSchema,
  port: z.number().int().min(1).max(65_535),
});

export const addressesSchema = z.array(addressSchema).max(LIMITS.addressesPerServerMax);
