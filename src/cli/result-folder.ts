import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
} from "node:fs";
import { join } from "node:path";
import { writeKeptFile } from "../platform/real/durable-write.ts";
import { makeDirectory } from "../platform/real/make-directory.ts";
import { removeFile } from "../platform/real/remove-file.ts";
import type { Folder } from "./host.ts";

/** A directory of the disk; it is made where it is missing. */
export function openFolder(path: string): Folder {
  makeDirectory(path);
  const at = (name: string) => join(path, name);
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    names: () => readdirSync(path),
    create: (name, text) => writeKeptFile(at(name), encode(text), false),
    replace: (name, text) => void writeKeptFile(at(name), encode(text), true),
    append: (name, text) => append(at(name), text),
    flush: (name) => flush(at(name)),
    remove: (name) => removeFile(at(name)),
  };
}

function append(path: string, text: string): void {
  const file = openSync(path, "a");
  try {
    const { size } = fstatSync(file);
    try {
      appendFileSync(file, text);
    } catch (error) {
      // A full disk takes the first part of a text.
      ftruncateSync(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

function flush(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
