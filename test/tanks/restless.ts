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
    return message.kind === "applied" ? drawn(message) : message;
  };
  return {
    heartbeat: thread.heartbeat,
    post: (message) => thread.post(message),
    onMessage: (handler) => thread.onMessage((message) => handler(changed(message))),
    stop: () => thread.stop(),
  };
}
