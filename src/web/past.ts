import { byId } from "./dom.ts";
import { Latest } from "./latest.ts";
import type { Hello, WireFrame, WireLooks, WirePlants } from "./wire.ts";

/** `GET /api/tanks/{id}/past`, as far as the page uses it. */
interface PastWindow {
  readonly from_tick: number;
  readonly to_tick: number;
  /** What cannot be replayed, and why. */
  readonly notes: readonly string[];
}

/** `GET /api/tanks/{id}/past/{tick}`, as far as the page uses it. */
export interface PastLook {
  readonly tick: number;
  readonly scene: {
    readonly hello: Hello;
    readonly frame: WireFrame;
    readonly plants: WirePlants;
    readonly looks: WireLooks;
  };
}

/**
 * The slider of the past below a tank. Nothing is requested before it is opened, since the node
 * replays the tank's log for it.
 */
export class PastBar {
  readonly #button = byId("past-button");
  readonly #slider = inputById("past-tick");
  readonly #says = byId("past-says");
  readonly #onLook: (look: PastLook | undefined) => void;
  readonly #looks = new Latest<number>((tick) => this.#look(tick));
  #tankId: string | undefined;
  /** Cancels requests for a past that is no longer shown; undefined while the tank is live. */
  #visit: AbortController | undefined;

  /** `onLook` is called with a past state, and with undefined to return to the live tank. */
  constructor(onLook: (look: PastLook | undefined) => void) {
    this.#onLook = onLook;
    this.#button.addEventListener("click", () => {
      if (this.#visit) this.#leave();
      else void this.#enter();
    });
    this.#slider.addEventListener("input", () => this.#looks.want(Number(this.#slider.value)));
    this.#label();
  }

  /** Switches to another tank, or none, and to live. */
  show(tankId: string | undefined): void {
    if (tankId === this.#tankId) return;
    this.#tankId = tankId;
    this.#leave();
    byId("past").hidden = tankId === undefined;
  }

  async #enter(): Promise<void> {
    const visit = new AbortController();
    this.#visit = visit;
    this.#label();
    this.#say("replaying its log …");
    const window = await this.#ask<PastWindow>("");
    if (window === undefined || this.#visit !== visit) return;
    const { from_tick, to_tick, notes } = window;
    this.#slider.min = String(from_tick);
    this.#slider.max = String(to_tick);
    this.#slider.value = String(to_tick);
    this.#slider.title = [`Ticks ${ticks(from_tick)} to ${ticks(to_tick)}`, ...notes].join("; ");
    this.#slider.hidden = false;
    this.#looks.want(to_tick);
  }

  #leave(): void {
    this.#visit?.abort();
    this.#visit = undefined;
    this.#looks.forget();
    this.#slider.hidden = true;
    this.#say("");
    this.#label();
    this.#onLook(undefined);
  }

  async #look(tick: number): Promise<void> {
    const visit = this.#visit;
    const look = await this.#ask<PastLook>(`/${tick}`);
    if (look === undefined || this.#visit !== visit) return;
    const { min, max } = this.#slider;
    this.#say(`tick ${ticks(look.tick)}, of ${ticks(Number(min))} to ${ticks(Number(max))}`);
    this.#onLook(look);
  }

  /** Undefined on an error, which is shown unless the request was cancelled. */
  async #ask<T>(place: string): Promise<T | undefined> {
    const visit = this.#visit;
    if (visit === undefined) return undefined;
    try {
      const path = `/api/tanks/${encodeURIComponent(this.#tankId ?? "")}/past${place}`;
      const response = await fetch(path, { signal: visit.signal });
      const body = await response.json();
      if (response.ok) return body;
      if (this.#visit === visit) this.#say(String(body.detail ?? response.status));
    } catch {
      if (this.#visit === visit) this.#say("the node does not answer");
    }
    return undefined;
  }

  #label(): void {
    const looking = this.#visit !== undefined;
    this.#button.textContent = looking ? "Back to live" : "Look back";
    this.#button.setAttribute("aria-pressed", String(looking));
  }

  #say(text: string): void {
    this.#says.textContent = text;
  }
}

function ticks(number: number): string {
  return number.toLocaleString("en");
}

function inputById(id: string): HTMLInputElement {
  const found = byId(id);
  if (found instanceof HTMLInputElement) return found;
  throw new Error(`#${id} is no input`);
}
