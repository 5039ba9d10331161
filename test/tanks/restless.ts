import type {
  FromSimulation,
  SimulationThread,
  TankReport,
} from "../../src/tanks/thread/simulation.ts";

/**
 * A simulation whose tanks ask for as much CPU as `draw` says, in cores, anew at each report: so
 * that they are moved to and fro also where a simulated clock sees no CPU being used.
 */
export function restless(thread: SimulationThread, draw: () => number): SimulationThread {
  const drawn = <Said extends { readonly report: TankReport }>(said: Said): Said => ({
    ...said,
    report: { ...said.report, demand: draw() },
  });
  const changed = (message: FromSimulation): FromSimulation => {
    if (message.kind === "reports") return { ...message, reports: message.reports.map(drawn) };
    return message.kind === "applied" ? drawn(message) : message;
  };
  return {
    pulse: thread.pulse,
    post: (message) => thread.post(message),
    onMessage: (handler) => thread.onMessage((message) => handler(changed(message))),
    stop: () => thread.stop(),
  };
}
