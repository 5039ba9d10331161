import { StorageUnavailable } from "../errors.ts";
import { type Files, pathBelowRoot } from "../files.ts";

/** Where a misdirected write lands; undefined for nowhere, so that the old version is read back. */
export type Astray = (path: string, paths: readonly string[]) => string | undefined;

/** The disk of a simulated machine: it outlives the processes that write to it. */
export class MemoryFiles implements Files {
  /** While set, writes reject with {@link StorageUnavailable} and this sentence. */
  fault: string | undefined;
  /** While set, each write lands elsewhere, and reports success. */
  astray: Astray | undefined;
  /**
   * Files that the disk does not give any more: reading one rejects with {@link
   * StorageUnavailable}.
   */
  readonly unreadable = new Set<string>();
  readonly #contents = new Map<string, Uint8Array>();
  /** What the medium has of files that were changed since; undefined for those it has not. */
  readonly #medium = new Map<string, Uint8Array | undefined>();

  async writeDurably(path: string, bytes: Uint8Array): Promise<void> {
    this.#refuseIfFaulty();
    const meant = pathBelowRoot(path);
    const place = this.astray ? this.astray(meant, [...this.#contents.keys()].sort()) : meant;
    if (place !== undefined) this.#change(place, bytes.slice());
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    if (this.unreadable.has(path)) throw new StorageUnavailable(`cannot read ${path}`);
    return this.#contents.get(pathBelowRoot(path))?.slice();
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = pathBelowRoot(folder) === "" ? "" : `${pathBelowRoot(folder)}/`;
    const paths = [...this.#contents.keys()].filter((path) => path.startsWith(prefix));
    return paths
      .map((path) => path.slice(prefix.length))
      .filter((name) => !name.includes("/"))
      .sort();
  }

  async folders(folder: string): Promise<readonly string[]> {
    const prefix = pathBelowRoot(folder) === "" ? "" : `${pathBelowRoot(folder)}/`;
    const names = [...this.#contents.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length).split("/"))
      .flatMap(([name, ...rest]) => (rest.length > 0 && name !== undefined ? [name] : []));
    return [...new Set(names)].sort();
  }

  async removeFolder(path: string): Promise<void> {
    this.#refuseIfFaulty();
    const prefix = `${pathBelowRoot(path)}/`;
    for (const one of [...this.#contents.keys()]) {
      if (one.startsWith(prefix)) this.#change(one, undefined);
    }
  }

  async remove(path: string): Promise<void> {
    this.#refuseIfFaulty();
    this.#change(pathBelowRoot(path), undefined);
  }

  /** Flips one bit, as a dying disk does. False when there is no such file. */
  damage(path: string, offset: number): boolean {
    const bytes = this.#contents.get(pathBelowRoot(path));
    if (!bytes || bytes.length === 0) return false;
    const index = offset % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return true;
  }

  /** The names in a folder, and what the files there contain, are on the medium. */
  sync(folder: string): void {
    for (const path of [...this.#medium.keys()]) {
      if (folderOf(path) === folder) this.#medium.delete(path);
    }
  }

  /** Takes back everything since the last {@link sync}. */
  losePower(): void {
    for (const [path, bytes] of this.#medium) this.#put(path, bytes);
    this.#medium.clear();
  }

  /** Another disk that holds the same. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    for (const [path, bytes] of this.#contents) copy.#contents.set(path, bytes.slice());
    return copy;
  }

  #change(path: string, bytes: Uint8Array | undefined): void {
    if (!this.#medium.has(path)) this.#medium.set(path, this.#contents.get(path));
    this.#put(path, bytes);
  }

  #put(path: string, bytes: Uint8Array | undefined): void {
    if (bytes) this.#contents.set(path, bytes);
    else this.#contents.delete(path);
  }

  #refuseIfFaulty(): void {
    if (this.fault !== undefined) throw new StorageUnavailable(this.fault);
  }
}

/** The files as a process has them: a write is synced by the time it is told of it. */
export function synced(files: Files, disk: MemoryFiles): Files {
  return {
    writeDurably: async (path, bytes) => {
      await files.writeDurably(path, bytes);
      disk.sync(folderOf(pathBelowRoot(path)));
    },
    read: (path) => files.read(path),
    list: (folder) => files.list(folder),
    folders: (folder) => files.folders(folder),
    remove: (path) => files.remove(path),
    removeFolder: (path) => files.removeFolder(path),
  };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
