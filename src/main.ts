import "./platform/schemas.ts";
import { version } from "../package.json";
import { runCli } from "./cli/program.ts";
import { realHost } from "./cli/real-host.ts";

/** Baked in by deploy/build.ts; absent under `bun src/main.ts`. */
declare const TANKD_COMMIT: string | undefined;

const compiled = typeof TANKD_COMMIT === "string";

const host = realHost({
  build: { version, commit: compiled ? TANKD_COMMIT : "" },
  script: compiled ? undefined : import.meta.path,
  // Compiled, a worker is found only from the folder of the entry point.
  spawnWorker: () => new Worker(new URL("./worker.ts", import.meta.url)),
  spawnDisk: () => new Worker(new URL("./disk.ts", import.meta.url)),
});

process.exit(await runCli(host));
