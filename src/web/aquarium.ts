import { byId } from "./dom.ts";
import { Motion, type Shown } from "./motion.ts";
import { type Garden, Painter, type Size } from "./painter.ts";
import type { PastLook } from "./past.ts";
import {
  type Daylight,
  type Hello,
  type Looks,
  type Message,
  type Plant,
  readLooks,
  readPlants,
  readScene,
} from "./wire.ts";

/**
 * Slightly more than the interval of frames (15 a second), so that the next one is usually there.
 */
const DELAY_MS = 110;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5000;
/** The node closes with this code when the tank was removed. */
const CLOSE_NO_TANK = 4404;
/** And with this one when it has moved to another node. */
const CLOSE_MOVED = 4301;

/** The size of the reference tank, until the hello provides the real one. */
const WORLD = { width: 1088, height: 612 };

export type Figures = Readonly<Record<string, number>>;

/** The figures of a frame. */
export interface News {
  readonly tick: number;
  readonly figures: Figures;
  readonly daylight: Daylight;
  /** Whether it is a past state. */
  readonly past?: boolean;
}

/** A past state that is drawn instead of the live tank. */
interface Still {
  readonly size: Size;
  readonly shown: Shown;
  readonly garden: Garden;
}

/**
 * The live tank: one WebSocket that reconnects automatically, and one canvas. Can show a past state
 * instead.
 */
export class Aquarium {
  readonly #canvas: HTMLCanvasElement;
  readonly #painter: Painter;
  readonly #overlay = byId("overlay");
  readonly #motion = new Motion(DELAY_MS);
  readonly #onNews: (news: News) => void;
  #tankId: string | undefined;
  #socket: WebSocket | undefined;
  #hello: Hello | undefined;
  #still: Still | undefined;
  #plants: readonly Plant[] = [];
  readonly #looks = new Map<string, Looks>();
  #retryMs = RETRY_FIRST_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(canvas: HTMLCanvasElement, onNews: (news: News) => void) {
    this.#canvas = canvas;
    this.#painter = new Painter(canvas);
    this.#onNews = onNews;
    requestAnimationFrame((nowMs) => this.#draw(nowMs));
  }

  /** Switches to another tank, or to none. */
  show(tankId: string | undefined): void {
    if (tankId === this.#tankId) return;
    this.#tankId = tankId;
    this.#clear();
    this.#hello = undefined;
    this.#disconnect();
    if (tankId === undefined) {
      this.#say("This node has no tank. To create one: tankd tank create --tank-name Reef");
    } else {
      this.#say("");
      this.#connect(tankId);
    }
  }

  /** Shows a past state, or, with undefined, the live tank, whose frames continue meanwhile. */
  lookAt(look: PastLook | undefined): void {
    byId("glass").classList.toggle("looking-back", look !== undefined);
    this.#still = look && stillOf(look);
    if (look === undefined) return;
    const { tick, stats = {}, daylight } = look.scene.frame;
    this.#onNews({ tick, figures: stats, daylight, past: true });
  }

  #connect(tankId: string): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/${encodeURIComponent(tankId)}`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#read(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === CLOSE_NO_TANK) {
        // The page selects another tank; if this one returns, it is shown again.
        this.#tankId = undefined;
        this.#say("This tank was removed.");
        return;
      }
      if (code === CLOSE_MOVED) {
        // The node shows it from there; the page keeps to it, whatever it was opened with.
        location.hash = encodeURIComponent(tankId);
        this.#say("This tank moves to another node…");
      } else {
        this.#say("connection to the node lost, reconnecting…");
      }
      this.#retry = setTimeout(() => this.#connect(tankId), this.#retryMs);
      this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    };
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#retryMs = RETRY_FIRST_MS;
    socket?.close();
  }

  #read(message: Message): void {
    if (message.type === "hello") this.#greet(message);
    const hello = this.#hello;
    if (hello === undefined) return;
    if (message.type === "looks") {
      for (const looks of readLooks(hello, message)) this.#looks.set(looks.plant_id, looks);
    } else if (message.type === "plants") {
      this.#plants = readPlants(hello, message);
    } else if (message.type === "frame") {
      this.#motion.add(readScene(hello, message, performance.now()));
      const { tick, stats = {}, daylight } = message;
      if (this.#still === undefined) this.#onNews({ tick, figures: stats, daylight });
    }
  }

  #greet(hello: Hello): void {
    this.#hello = hello;
    this.#clear();
    this.#retryMs = RETRY_FIRST_MS;
    this.#canvas.setAttribute("aria-label", `The tank ${hello.tank.name}, live`);
    this.#say("");
  }

  #clear(): void {
    this.#motion.clear();
    this.#plants = [];
    this.#looks.clear();
  }

  #draw(nowMs: number): void {
    requestAnimationFrame((next) => this.#draw(next));
    // Also while the past is shown, since it drops old frames.
    const live = this.#motion.at(nowMs);
    const garden = { plants: this.#plants, looks: this.#looks };
    const {
      size,
      shown,
      garden: around,
    } = this.#still ?? {
      size: this.#hello ?? WORLD,
      shown: live,
      garden,
    };
    this.#painter.paint(size, shown, around, nowMs);
  }

  #say(text: string): void {
    this.#overlay.textContent = text;
    this.#overlay.hidden = text === "";
  }
}

function stillOf({ scene }: PastLook): Still {
  const { hello, frame, plants, looks } = scene;
  const own = readLooks(hello, looks).map((one) => [one.plant_id, one] as const);
  return {
    size: hello,
    shown: readScene(hello, frame, performance.now()),
    garden: { plants: readPlants(hello, plants), looks: new Map(own) },
  };
}
