/** Called before and after every asynchronous port call of a node; may kill the node at either. */
export interface PortHooks {
  /** The call has not taken effect yet. */
  beforeCall?(host: string, port: string, method: string): void;
  /** The call has taken effect, but its caller has not been notified. */
  afterCall?(host: string, port: string, method: string): void;
}

/** Delays in simulated time before a call takes effect, and before its caller is notified. */
export interface CallLatency {
  beforeEffect(): Promise<void>;
  afterEffect(): Promise<void>;
}

/**
 * The life of one simulated process. After `kill()` no port call of it ever settles, and none takes
 * effect any more: the equivalent of `kill -9`.
 */
export class Life {
  readonly #host: string;
  readonly #hooks: () => PortHooks;
  #alive = true;
  #pause: PromiseWithResolvers<void> | undefined;

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

  /** SIGSTOP: calls under way take effect, and their caller hears of it after `resume`. */
  pause(): void {
    this.#pause ??= Promise.withResolvers();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  /** Runs one port call as part of this life. */
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
        while (this.#pause) await this.#pause.promise;
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
   * Wraps a port, so that every method call is part of this life. All methods of `target` must be
   * asynchronous. A test harness wraps the store this way, which platform does not know.
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
