import { askOverview, type Overview, type Tank } from "./answers.ts";
import { Aquarium, type News } from "./aquarium.ts";
import { byId } from "./dom.ts";
import { noticeOf, tankFigures } from "./figures.ts";
import { type NameOf, showFigures, showNotice, showPanels, showTabs, tankNames } from "./panels.ts";
import { PastBar } from "./past.ts";

const POLL_MS = 2000;
const ANSWER_TIMEOUT_MS = 5000;

/** The page: asks the node every two seconds while it is looked at, and shows the selected tank. */
class Page {
  readonly #aquarium: Aquarium;
  readonly #past = new PastBar((look) => {
    if (look === undefined) this.#news = undefined;
    this.#aquarium.lookAt(look);
  });
  readonly #gone = byId("gone");
  #own: readonly Tank[] = [];
  /** This node's tanks, and the one of another node that is visited. */
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
      // What was shown last stays, marked as old.
      this.#gone.textContent = "node gone, reconnecting…";
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

  /** The tank that the address names, if it is here, else the first. */
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
    // The past is the business of the node that has the log.
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

/** The tank that the address names. */
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
