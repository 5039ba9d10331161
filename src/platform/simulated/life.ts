/**
 * Told before and after every asynchronous port call of a node; may kill the node at either point.
 */
export interface PortHooks {
  /** The call has not taken effect. */
  beforeCall?(host: string, port: string, method: string): void;
  /** The call has taken effect, its caller does not know yet. */
  afterCall?(host: string, port: string, method: string): void;
}

/** Waits in simulated time before a call takes effect, and again before its caller hears of it. */
export interface CallLatency {
  beforeEffect(): Promise<void>;
  afterEffect(): Promise<void>;
}

/**
 * The life of one simulated process. After `kill()` no call that it made through a port ever
 * resolves or rejects, and none takes effect any more: what `kill -9` looks like from inside.
 */
export class Life {
  readonly #host: string;
  readonly #hooks: () => PortHooks;
  #alive = true;

  constructor(host: string, hooks: () => PortHooks) {
    this.#host = host;
    this.#hooks = hooks;
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Runs one port call under this life. */
  call<T>(
    port: string,
    method: string,
    effect: () => Promise<T>,
    latency?: CallLatency,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = async (settle: () => void) => {
        if (!this.#alive) return;
        this.#hooks().afterCall?.(this.#host, port, method);
        if (latency) await latency.afterEffect();
        if (this.#alive) settle();
      };
      const start = async () => {
        if (!this.#alive) return;
        this.#hooks().beforeCall?.(this.#host, port, method);
        if (latency) await latency.beforeEffect();
        if (!this.#alive) return;
        effect().then(
          (value) => void finish(() => resolve(value)),
          (error: unknown) => void finish(() => reject(error)),
        );
      };
      void start();
    });
  }

  /**
   * The same port, with every method under this life. All methods of `target` must be asynchronous;
   * this is how a test harness puts a store, which platform cannot know, under a node's life.
   */
  guard<T extends object>(port: string, target: T, latency?: CallLatency): T {
    return new Proxy(target, {
      get: (_, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== "function") return member;
        return (...args: readonly unknown[]) =>
          this.call(port, String(key), async () => Reflect.apply(member, target, args), latency);
      },
    });
  }
}
