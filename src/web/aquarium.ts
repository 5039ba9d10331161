import { byId } from "./dom.ts";
import { type Hello, Motion, readScene, type WireFrame } from "./motion.ts";
import { Painter } from "./painter.ts";

/** A little more than the time between two frames (15 a second), so that one is always ahead. */
const DELAY_MS = 110;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5000;
/** The node closes with this code when the tank is gone. */
const CLOSE_NO_TANK = 4404;

/** The size of the reference tank, until the hello tells the real one. */
const WORLD = { width: 1088, height: 612 };

export type Figures = Readonly<Record<string, number>>;

/** The live tank: one WebSocket that comes back by itself, and one canvas. */
export class Aquarium {
  readonly #canvas: HTMLCanvasElement;
  readonly #painter: Painter;
  readonly #overlay = byId("overlay");
  readonly #motion = new Motion(DELAY_MS);
  readonly #onFigures: (tick: number, figures: Figures) => void;
  #tankId: string | undefined;
  #socket: WebSocket | undefined;
  #hello: Hello | undefined;
  #retryMs = RETRY_FIRST_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(canvas: HTMLCanvasElement, onFigures: (tick: number, figures: Figures) => void) {
    this.#canvas = canvas;
    this.#painter = new Painter(canvas);
    this.#onFigures = onFigures;
    requestAnimationFrame((nowMs) => this.#draw(nowMs));
  }

  /** Watches another tank, or none. */
  show(tankId: string | undefined): void {
    if (tankId === this.#tankId) return;
    this.#tankId = tankId;
    this.#motion.clear();
    this.#hello = undefined;
    this.#disconnect();
    if (tankId === undefined) {
      this.#say("This node has no tank. Make one: tankd tank create --tank-name Reef");
    } else {
      this.#say("");
      this.#connect(tankId);
    }
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
        // Whoever asked for it looks for another one; should it come back, it is shown again.
        this.#tankId = undefined;
        this.#say("This tank was removed.");
        return;
      }
      this.#say("node gone, reconnecting…");
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

  #read(message: Hello | WireFrame): void {
    if (message.type === "hello") {
      this.#hello = message;
      this.#motion.clear();
      this.#retryMs = RETRY_FIRST_MS;
      this.#canvas.setAttribute("aria-label", `The tank ${message.tank.name}, live`);
      this.#say("");
    } else if (this.#hello !== undefined) {
      this.#motion.add(readScene(this.#hello, message, performance.now()));
      this.#onFigures(message.tick, message.stats ?? {});
    }
  }

  #draw(nowMs: number): void {
    requestAnimationFrame((next) => this.#draw(next));
    const scene = this.#motion.at(nowMs) ?? { fish: [], food: [] };
    this.#painter.paint(this.#hello ?? WORLD, scene, nowMs);
  }

  #say(text: string): void {
    this.#overlay.textContent = text;
    this.#overlay.hidden = text === "";
  }
}
