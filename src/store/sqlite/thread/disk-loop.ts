import type { JournalReads, Store } from "../../journal.ts";
import { checkDatabase, openSqliteStore } from "../store.ts";
import { errorToData } from "./error-data.ts";
import type { FromDisk, ReadArguments, ReadName, ToDisk, Work } from "./messages.ts";
import { unpackWrites } from "./packed-writes.ts";

/**
 * The program of the disk thread. Owns the only writing connection and executes requests one by
 * one. Errors leave it only as answers.
 */
export class DiskLoop {
  readonly #post: (messages: readonly FromDisk[]) => void;
  #store: Store | undefined;
  /** The previous request. SQLite calls are synchronous, so answers keep the order of requests. */
  #last: Promise<void> = Promise.resolve();

  constructor(post: (messages: readonly FromDisk[]) => void) {
    this.#post = post;
  }

  receive(requests: readonly ToDisk[]): void {
    this.#last = this.#last.then(() => this.#answerAll(requests));
  }

  /** Answers together what does not have to wait for a commit behind it. */
  async #answerAll(requests: readonly ToDisk[]): Promise<void> {
    let answers: FromDisk[] = [];
    for (const { request, work } of requests) {
      if (work.kind === "commit" && answers.length > 0) {
        this.#post(answers);
        answers = [];
      }
      answers.push(await this.#answer(request, work));
    }
    this.#post(answers);
  }

  async #answer(request: number, work: Work): Promise<FromDisk> {
    try {
      const result = await this.#do(work);
      const position = this.#store?.journal.position ?? 0;
      return { kind: "done", request, result, position };
    } catch (error) {
      return { kind: "failed", request, error: errorToData(error) };
    }
  }

  #do(work: Work): unknown {
    if (work.kind === "open") return this.#open(work);
    if (work.kind === "check") return checkDatabase(work.path);
    const store = this.#opened();
    switch (work.kind) {
      case "commit":
        return store.journal.commit(unpackWrites(work.writes));
      case "read":
        return Promise.all(work.calls.map((args) => read(store.journal, work.name, args)));
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
    const warn = (sentence: string) => this.#post([{ kind: "warning", sentence }]);
    const onUnchecked = () => this.#post([{ kind: "unchecked" }]);
    this.#store = openSqliteStore(path, { bounds, warn, onUnchecked });
  }

  #opened(): Store {
    if (!this.#store) throw new Error("the store is not open");
    return this.#store;
  }
}

/** The client built `args` from the arguments of that method. */
function read(journal: JournalReads, name: ReadName, args: ReadArguments): unknown {
  const method: (...args: never[]) => unknown = journal[name];
  return method.apply(journal, args as never[]);
}
