/**
 * Lets schemas run without generated code: they check what a node meets a few times each, most of
 * it while it starts, and compiling each with `new Function` took longer than its use. Imported
 * before anything that makes a schema.
 */
import { config } from "zod";

config({ jitless: true });
