/** Remaining capacity for things in memory or in progress, in bytes or pieces. */
export interface Room {
  /** Returns false, and takes nothing, if the capacity does not suffice. */
  take(amount: number): boolean;
  give(amount: number): void;
}

/** Capacity of a single user. */
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

/** Shared capacity, with a bound for each key. */
export class SharedRoom {
  readonly #perKeyMax: number;
  readonly #all: Room;
  readonly #taken = new Map<string, number>();

  constructor(max: number, perKeyMax: number) {
    this.#all = new OwnRoom(max);
    this.#perKeyMax = perKeyMax;
  }

  /** @param key without one, only the total is the bound */
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

/** Takes one place in every room; undefined if one is full. Returns a function to release them. */
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
