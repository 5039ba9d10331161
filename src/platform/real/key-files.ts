import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { NodeKey } from "../node-key.ts";
import { syncDirectory, writeFileDurably } from "./durable-write.ts";

const SECRET_MODE = 0o600;

/** The key in the file at `path`; a prepared one is in `<path>.next`. */
export function keyFiles(path: string): NodeKey {
  const nextPath = `${path}.next`;
  const read = (file: string) => new Uint8Array(readFileSync(file));
  return {
    current: async () => read(path),
    next: async () => (existsSync(nextPath) ? read(nextPath) : undefined),
    prepare: async (seed) => writeFileDurably(nextPath, seed, SECRET_MODE),
    adopt: async () => {
      renameSync(nextPath, path);
      syncDirectory(dirname(path));
    },
    drop: async () => {
      rmSync(nextPath, { force: true });
      syncDirectory(dirname(path));
    },
  };
}
