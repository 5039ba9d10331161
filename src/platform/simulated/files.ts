import { StorageUnavailable } from "../errors.ts";
import { type Files, pathBelowRoot } from "../files.ts";

/** The disk of a simulated machine: it outlives the processes that write to it. */
export class MemoryFiles implements Files {
  /** While set, writes reject with {@link StorageUnavailable} and this sentence. */
  fault: string | undefined;
  /**
   * Files that the disk does not give any more: reading one rejects with {@link
   * StorageUnavailable}.
   */
  readonly unreadable = new Set<string>();
  readonly #contents = new Map<string, Uint8Array>();

  async writeDurably(path: string, bytes: Uint8Array): Promise<void> {
    this.#refuseIfFaulty();
    this.#contents.set(pathBelowRoot(path), bytes.slice());
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
      if (one.startsWith(prefix)) this.#contents.delete(one);
    }
  }

  async remove(path: string): Promise<void> {
    this.#refuseIfFaulty();
    this.#contents.delete(pathBelowRoot(path));
  }

  /** Flips one bit, as a dying disk does. False when there is no such file. */
  damage(path: string, offset: number): boolean {
    const bytes = this.#contents.get(pathBelowRoot(path));
    if (!bytes || bytes.length === 0) return false;
    const index = offset % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return true;
  }

  /** Another disk that holds the same. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    for (const [path, bytes] of this.#contents) copy.#contents.set(path, bytes.slice());
    return copy;
  }

  #refuseIfFaulty(): void {
    if (this.fault !== undefined) throw new StorageUnavailable(this.fault);
  }
}
