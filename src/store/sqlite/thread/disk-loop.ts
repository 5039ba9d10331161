import type { JournalReads, Store } from "../../journal.ts";
import { checkDatabase, openSqliteStore } from "../store.ts";
import { errorToData } from "./error-data.ts";
import type { FromDisk, ReadName, ToDisk, Work } from "./messages.ts";

/**
 * The program of the disk thread. Owns the only writing connection and executes requests one by
 * one. Errors leave it only as answers.
 */
export class DiskLoop {
  readonly #post: (message: FromDisk) => void;
  #store: Store | undefined;
  /** The previous request. SQLite calls are synchronous, so answers keep the order of requests. */
  #last: Promise<void> = Promise.resolve();

  constructor(post: (message: FromDisk) => void) {
    this.#post = post;
  }

  receive({ request, work }: ToDisk): void {
    this.#last = this.#last.then(() => this.#answer(request, work));
  }

  async #answer(request: number, work: Work): Promise<void> {
    try {
      const result = await this.#do(work);
      const position = this.#store?.journal.position ?? 0;
      this.#post({ kind: "done", request, result, position });
    } catch (error) {
      this.#post({ kind: "failed", request, error: errorToData(error) });
    }
  }

  #do(work: Work): unknown {
    if (work.kind === "open") return this.#open(work);
    if (work.kind === "check") return checkDatabase(work.path);
    const store = this.#opened();
    switch (work.kind) {
      case "commit":
        return store.journal.commit(work.writes);
      case "read":
        return read(store.journal, work.name, work.args);
      case "load_registry":
        return store.registry.load();
      case "put_server":
        return store.registry.put(work.nodeId, work.record);
      case "remove_server":
        return store.registry.remove(work.nodeId);
      case "close":
        this.#store = undefined;
        return store.close();
    }
  }

  #open({ path, bounds }: Extract<Work, { kind: "open" }>): void {
    const warn = (sentence: string) => this.#post({ kind: "warning", sentence });
    const onUnchecked = () => this.#post({ kind: "unchecked" });
    this.#store = openSqliteStore(path, { bounds, warn, onUnchecked });
  }

  #opened(): Store {
    if (!this.#store) throw new Error("the store is not open");
    return this.#store;
  }
}

/** The client built `args` from the arguments of that method. */
function read(journal: JournalReads, name: ReadName, args: readonly unknown[]): unknown {
  const method: (...args: never[]) => unknown = journal[name];
  return method.apply(journal, args as never[]);
}
