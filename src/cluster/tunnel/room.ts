/** How many more bytes may be kept. */
export interface Room {
  /** False, and nothing is taken, where there are not so many. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Room for one alone. */
export class OwnRoom implements Room {
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** Room that many share, and of which those of one source have a share. */
export class SharedRoom {
  readonly #bytesPerSourceMax: number;
  readonly #all: Room;
  readonly #taken = new Map<string, number>();

  constructor(bytesMax: number, bytesPerSourceMax: number) {
    this.#all = new OwnRoom(bytesMax);
    this.#bytesPerSourceMax = bytesPerSourceMax;
  }

  of(source: string): Room {
    const taken = () => this.#taken.get(source) ?? 0;
    return {
      take: (bytes) => {
        if (taken() + bytes > this.#bytesPerSourceMax || !this.#all.take(bytes)) return false;
        this.#taken.set(source, taken() + bytes);
        return true;
      },
      give: (bytes) => {
        this.#all.give(bytes);
        if (taken() > bytes) this.#taken.set(source, taken() - bytes);
        else this.#taken.delete(source);
      },
    };
  }
}
