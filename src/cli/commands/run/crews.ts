import { type CrewOrder, IslandCrew, type IslandReport } from "../../../sim/index.ts";

/** A crew of islands, here or on a thread of its own. */
export interface Crew {
  /** @throws Error when the world failed, with the reason */
  obey(order: CrewOrder): Promise<readonly IslandReport[]>;
  stop(): void;
}

/** The answer of a thread to an order: see src/worker.ts. */
export type CrewAnswer =
  | { readonly kind: "reports"; readonly reports: readonly IslandReport[] }
  | { readonly kind: "failed"; readonly message: string };

/** A single crew runs on this thread; several have a thread each. */
export function makeCrews(count: number, spawnWorker: () => Worker): readonly Crew[] {
  if (count === 1) return [localCrew()];
  return Array.from({ length: count }, () => threadCrew(spawnWorker()));
}

function localCrew(): Crew {
  const crew = new IslandCrew();
  return { obey: async (order) => crew.obey(order), stop: () => {} };
}

function threadCrew(worker: Worker): Crew {
  let waiting: PromiseWithResolvers<readonly IslandReport[]> | undefined;
  const fail = (message: string) => {
    waiting?.reject(new Error(message));
    waiting = undefined;
  };
  worker.addEventListener("message", (event: MessageEvent<CrewAnswer>) => {
    if (event.data.kind === "failed") return fail(event.data.message);
    waiting?.resolve(event.data.reports);
    waiting = undefined;
  });
  worker.addEventListener("error", (event) => fail(`a thread failed: ${event.message}`));
  worker.addEventListener("close", () => fail("a thread ended"));
  return {
    obey: (order) => {
      const answer = Promise.withResolvers<readonly IslandReport[]>();
      waiting = answer;
      worker.postMessage({ kind: "crew", order });
      return answer.promise;
    },
    stop: () => worker.terminate(),
  };
}
