import type {
  FromSimulation,
  SimulationThread,
  TankReport,
} from "../../src/tanks/thread/simulation.ts";

/**
 * A simulation whose tanks report `draw()` cores of demand, anew at each report. So they are
 * reassigned often, although a simulated clock measures no use of CPU.
 */
export function restless(thread: SimulationThread, draw: () => number): SimulationThread {
  const drawn = <Said extends { readonly report: TankReport }>(said: Said): Said => ({
    ...said,
    report: { ...said.report, demand: draw() },
  });
  const changed = (message: FromSimulation): FromSimulation => {
    if (message.kind === "reports") return { ...message, reports: message.reports.map(drawn) };
    if (message.kind !== "applied" || message.report === undefined) return message;
    return { ...message, report: drawn({ report: message.report }).report };
  };
  return {
    heartbeat: thread.heartbeat,
    post: (message) => thread.post(message),
    onMessage: (handler) => thread.onMessage((message) => handler(changed(message))),
    stop: () => thread.stop(),
  };
}
