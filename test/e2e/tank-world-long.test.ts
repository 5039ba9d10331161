import { describe, test } from "bun:test";
import { labTest } from "../support/lab-test.ts";
import {
  expectListedAfterRestart,
  expectListedAfterTakeover,
  GUEST,
  type StartGuest,
} from "./guests.ts";

/**
 * The server of Tank World itself (mbolaris/tank @69b0b494), unmodified, as a guest:
 *
 *     TANKWORLD_DIR=<its checkout> TANKWORLD_PYTHON=<python> make test-long
 *
 * where that python has numpy, fastapi, uvicorn[standard], websockets, pydantic, orjson, httpx and
 * psutil.
 */
const directory = process.env["TANKWORLD_DIR"];
const python = process.env["TANKWORLD_PYTHON"];
/** It takes a while to import what it needs. */
const TIMEOUT_MS = 300_000;

const startTankWorld: StartGuest = async (lab, hub) => {
  if (directory === undefined || python === undefined) throw new Error("there is no Tank World");
  const machine = await lab.machine();
  lab.run(machine, ["env", "-C", directory, python, "-m", "backend.main"], {
    TANK_SERVER_ID: GUEST,
    TANK_API_PORT: "8000",
    DISCOVERY_SERVER_URL: hub.url,
    // Without these it watches its sources and restarts itself.
    PRODUCTION: "true",
    ALLOWED_ORIGINS: "http://localhost:3000",
  });
};

if (directory === undefined || python === undefined) {
  test.skip("Tank World's own server (skipped: TANKWORLD_DIR, TANKWORLD_PYTHON)", () => {});
} else {
  describe("Tank World's own server", () => {
    labTest("is listed again after its hub was restarted", TIMEOUT_MS, (lab) =>
      expectListedAfterRestart(lab, startTankWorld),
    );

    labTest("is listed again when the hub that it was given is a worker", TIMEOUT_MS, (lab) =>
      expectListedAfterTakeover(lab, startTankWorld),
    );
  });
}
