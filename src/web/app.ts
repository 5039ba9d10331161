import { askOverview, type Overview, type Tank } from "./answers.ts";
import { Aquarium, type News } from "./aquarium.ts";
import { byId } from "./dom.ts";
import { noticeOf, tankFigures } from "./figures.ts";
import type { NameOf } from "./migration-tables.ts";
import { showFigures, showNotice, showPanels, showTabs, tankNames } from "./panels.ts";
import { PastBar } from "./past.ts";

const POLL_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;

/** The page: polls the node every two seconds while it is visible, and shows the selected tank. */
class Page {
  readonly #aquarium: Aquarium;
  readonly #past = new PastBar((look) => {
    if (look === undefined) this.#news = undefined;
    this.#aquarium.lookAt(look);
  });
  readonly #gone = byId("gone");
  #own: readonly Tank[] = [];
  /** This node's tanks, and the selected one of another node. */
  #tanks: readonly Tank[] = [];
  #shown: string | undefined;
  #nameOf: NameOf = (id) => id;
  #news: News | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#aquarium = new Aquarium(canvas, (news) => {
      this.#news = news;
      this.#showFigures();
    });
    addEventListener("hashchange", () => void this.#refresh());
    document.addEventListener("visibilitychange", () => void this.#refresh());
  }

  async run(): Promise<void> {
    await this.#refresh();
    setTimeout(() => void this.run(), POLL_MS);
  }

  async #refresh(): Promise<void> {
    if (document.hidden) return;
    try {
      this.#show(await askOverview(AbortSignal.timeout(ANSWER_TIMEOUT_MS), wanted()));
      this.#gone.hidden = true;
    } catch {
      // The last content stays, marked as old.
      this.#gone.textContent = "connection to the node lost, reconnecting…";
      this.#gone.hidden = false;
    }
  }

  #show(overview: Overview): void {
    const { tanks, visited } = overview;
    this.#own = tanks;
    this.#tanks = visited ? [...tanks, visited] : tanks;
    this.#nameOf = tankNames(overview);
    showPanels(overview, Date.now());
    this.#select();
  }

  /** The tank in the address, if it exists here, else the first one. */
  #selected(): Tank | undefined {
    const tankId = wanted();
    return this.#tanks.find(({ tank }) => tank.tank_id === tankId) ?? this.#tanks[0];
  }

  #select(): void {
    const selected = this.#selected();
    const tankId = selected?.tank.tank_id;
    if (tankId !== this.#shown) this.#news = undefined;
    this.#shown = tankId;
    showTabs(this.#tanks, this.#nameOf, tankId, (chosen) => {
      location.hash = encodeURIComponent(chosen);
    });
    this.#aquarium.show(tankId);
    // Only the node with the log can replay its past.
    this.#past.show(this.#own.some(({ tank }) => tank.tank_id === tankId) ? tankId : undefined);
    this.#showFigures();
  }

  #showFigures(): void {
    const tank = this.#selected();
    if (tank === undefined) {
      showFigures([]);
      showNotice(undefined);
      return;
    }
    showFigures(tankFigures(tank, this.#news));
    showNotice(noticeOf(tank));
  }
}

/** The tank in the address. */
function wanted(): string {
  return decode(location.hash.slice(1));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const canvas = byId("canvas");
if (canvas instanceof HTMLCanvasElement) void new Page(canvas).run();
