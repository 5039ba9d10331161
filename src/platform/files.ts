/** Whole files under one root directory. Paths are relative, with `/`. */
export interface Files {
  /**
   * Replaces a file so that after a crash either the old or the new content is there, whole:
   * temporary file, fsync, rename, fsync of the directory. Missing folders are made.
   */
  writeDurably(path: string, bytes: Uint8Array): Promise<void>;
  /** The content, or undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names of the files directly in `folder`, sorted; empty when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Names of the folders directly in `folder`, sorted; empty when there is no such folder. */
  folders(folder: string): Promise<readonly string[]>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /**
   * Removes a folder with all that is in it, half-written files too; one that is not there is no
   * error.
   */
  removeFolder(path: string): Promise<void>;
}

/** A text, and whose word it may be. */
export interface GuardedText {
  readonly text: string;
  /** Undefined where only this user and root can write it. */
  readonly alsoWrittenBy: string | undefined;
  /** Undefined where only this user and root can read it. */
  readonly alsoReadBy: string | undefined;
}

/**
 * The one spelling of a path below the root: parts joined by `/`, empty for the root itself.
 * Throws for a path that would leave the root, which only a bug can ask for.
 */
export function pathBelowRoot(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const leaves =
    path.startsWith("/") || parts.some((part) => part === ".." || /[\\:\0]/.test(part));
  if (leaves) throw new Error(`path leaves the root: ${JSON.stringify(path)}`);
  return parts.join("/");
}
