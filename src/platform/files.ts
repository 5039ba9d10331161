/** Whole files under one root directory. Paths are relative, with `/`. */
export interface Files {
  /**
   * Replaces a file atomically and durably: temporary file, fsync, rename, fsync of the directory.
   * Creates missing folders.
   */
  writeDurably(path: string, bytes: Uint8Array): Promise<void>;
  /** The content, or undefined if the file does not exist. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names of the files directly in `folder`, sorted; empty if it does not exist. */
  list(folder: string): Promise<readonly string[]>;
  /** Names of the folders directly in `folder`, sorted; empty if it does not exist. */
  folders(folder: string): Promise<readonly string[]>;
  /** Removes a file, if it exists. */
  remove(path: string): Promise<void>;
  /** Removes a folder with its content, including temporary files, if it exists. */
  removeFolder(path: string): Promise<void>;
}

/** The content of a file, with its permissions. */
export interface GuardedText {
  readonly text: string;
  /** Others that can write it; undefined where only this user and root can. */
  readonly alsoWrittenBy: string | undefined;
  /** Others that can read it; undefined where only this user and root can. */
  readonly alsoReadBy: string | undefined;
}

/**
 * Normalises a path below the root: parts joined by `/`, empty for the root itself. Throws for a
 * path that leaves the root, which only a bug can produce.
 */
export function pathBelowRoot(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const leaves =
    path.startsWith("/") || parts.some((part) => part === ".." || /[\\:\0]/.test(part));
  if (leaves) throw new Error(`path leaves the root: ${JSON.stringify(path)}`);
  return parts.join("/");
}
