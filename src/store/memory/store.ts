import {
  type JournalBounds,
  type RegistryStore,
  StorageUnavailable,
  type Store,
} from "../journal.ts";
import { MemoryJournal } from "./journal.ts";

/** A {@link Store} that lives as long as this object: nodes may be killed and restarted on it. */
export class MemoryStore implements Store {
  readonly journal: MemoryJournal;
  readonly registry: RegistryStore;

  constructor(bounds?: JournalBounds, journal = new MemoryJournal(bounds)) {
    this.journal = journal;
    this.registry = new MemoryRegistry(() => this.journal.fault);
  }

  /** A copy with the same journal, without the known servers. */
  copy(): MemoryStore {
    return new MemoryStore(undefined, this.journal.copy());
  }

  /** Makes every write reject with StorageUnavailable and this sentence, until undefined is set. */
  setFault(fault: string | undefined): void {
    this.journal.fault = fault;
  }

  async close(): Promise<void> {}
}

class MemoryRegistry implements RegistryStore {
  readonly #records = new Map<string, string>();
  readonly #fault: () => string | undefined;

  constructor(fault: () => string | undefined) {
    this.#fault = fault;
  }

  async load(): Promise<readonly { node_id: string; record: string }[]> {
    const ids = [...this.#records.keys()].sort();
    return ids.map((node_id) => ({ node_id, record: this.#records.get(node_id) ?? "" }));
  }

  async put(nodeId: string, record: string): Promise<void> {
    this.#refuseIfFaulty();
    this.#records.set(nodeId, record);
  }

  async remove(nodeId: string): Promise<void> {
    this.#refuseIfFaulty();
    this.#records.delete(nodeId);
  }

  #refuseIfFaulty(): void {
    const fault = this.#fault();
    if (fault !== undefined) throw new StorageUnavailable(fault);
  }
}
