import { describe, expect } from "bun:test";
import { z } from "zod";
import { labTest } from "../support/lab-test.ts";
import {
  expectListedAfterRestart,
  expectListedAfterTakeover,
  startLikeTankWorld,
} from "./guests.ts";
import { startMachines } from "./scenarios.ts";

const TIMEOUT_MS = 120_000;
const OPTIONS = ["--no-auto-connect", "--tanks", "0"];

describe("a server like Tank World's, which registers once in its life", () => {
  labTest("is listed again after its hub was restarted", TIMEOUT_MS, (lab) =>
    expectListedAfterRestart(lab, startLikeTankWorld),
  );

  labTest("is listed again when the hub that it was given is a worker", TIMEOUT_MS, (lab) =>
    expectListedAfterTakeover(lab, startLikeTankWorld),
  );
});

describe("a node that is registered by hand", () => {
  labTest("at the hub or at a worker is one row, signed", TIMEOUT_MS, async (lab) => {
    const pair = await startMachines(lab, 2, OPTIONS);
    const hub = await lab.agree(pair);
    const worker = pair.find((node) => node !== hub);
    if (worker === undefined) throw new Error("both are hub");
    for (const registrar of [hub, worker]) {
      const alone = await lab.machine();
      alone.start([...OPTIONS, "--discovery", "none"]);
      await alone.ready();
      const record = await alone.get("/api/servers/local", z.looseObject({}));
      await registrar.change("POST", "/api/discovery/register", record);
      await lab.agree();
      for (const node of lab.nodes) {
        const rows = (await node.servers()).filter(({ node_id }) => node_id === alone.nodeId);
        expect(rows).toMatchObject([{ signed: true, status: "online", host: alone.address }]);
      }
    }
  });
});
