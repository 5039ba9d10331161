/**
 * Disables code generation for schemas: each is used a few times, mostly during the start, and
 * compiling it with `new Function` took longer than its use. Must be imported before any schema is
 * created.
 */
import { config } from "zod";

config({ jitless: true });
