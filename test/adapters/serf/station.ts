import { SerfBackend } from "../../../src/adapters/serf/backend.ts";
import { SERF_PORT } from "../../../src/adapters/serf/own-agent.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { runStation } from "../run-station.ts";

/** Its arguments are the program of the agent, which may be missing, and hosts to join. */
await runStation((platform, [program = "", ...hosts]) => {
  const join = hosts.map((host) => ({ host, port: SERF_PORT }));
  const findProgram = () => Bun.which(program);
  const asked = { rpc: undefined, key: undefined, join, mayStart: true, findProgram };
  return new SerfBackend({ ...platform, log: silentLog, ...asked });
});
