/** Subscribers of what is published that are not the server's own sockets. */
export class Audience {
  readonly #listeners = new Map<string, Set<(text: string) => void>>();

  publish(topic: string, text: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(text);
  }

  /** Returns a function that ends the subscription. */
  subscribe(topic: string, listener: (text: string) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }
}
