import { MdnsBackend } from "../../../src/adapters/mdns/backend.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { runStation } from "../run-station.ts";

await runStation((platform) => new MdnsBackend({ ...platform, log: silentLog }));
