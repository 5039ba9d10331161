/** How much more may be kept, or be under way, in bytes or in pieces. */
export interface Room {
  /** False, and nothing is taken, where there is not so much. */
  take(amount: number): boolean;
  give(amount: number): void;
}

/** Room for one alone. */
export class OwnRoom implements Room {
  #left: number;

  constructor(max: number) {
    this.#left = max;
  }

  take(amount: number): boolean {
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }

  give(amount: number): void {
    this.#left += amount;
  }
}

/** Room that many share, and of which those under one key have a share. */
export class SharedRoom {
  readonly #perKeyMax: number;
  readonly #all: Room;
  readonly #taken = new Map<string, number>();

  constructor(max: number, perKeyMax: number) {
    this.#all = new OwnRoom(max);
    this.#perKeyMax = perKeyMax;
  }

  /** @param key without one there is no share: only the whole is the bound */
  of(key: string | undefined): Room {
    if (key === undefined) return this.#all;
    const taken = () => this.#taken.get(key) ?? 0;
    return {
      take: (amount) => {
        if (taken() + amount > this.#perKeyMax || !this.#all.take(amount)) return false;
        this.#taken.set(key, taken() + amount);
        return true;
      },
      give: (amount) => {
        this.#all.give(amount);
        if (taken() > amount) this.#taken.set(key, taken() - amount);
        else this.#taken.delete(key);
      },
    };
  }
}

/** Takes one place in every room; undefined where one is full. Returns how to give them back. */
export function enter(...rooms: readonly Room[]): (() => void) | undefined {
  const entered: Room[] = [];
  const leave = () => {
    for (const room of entered.splice(0)) room.give(1);
  };
  for (const room of rooms) {
    if (!room.take(1)) {
      leave();
      return undefined;
    }
    entered.push(room);
  }
  return leave;
}
