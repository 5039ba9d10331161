import { expect } from "bun:test";
import { must } from "../../support/commands.ts";
import { labTest } from "../../support/lab-test.ts";

const CHILD = `${import.meta.dir}/failures-child.ts`;
const TIMEOUT_MS = 30_000;

labTest("only who refuses a connection is said to have refused it", TIMEOUT_MS, async (lab) => {
  const [here, there] = await lab.machines(2);
  if (here === undefined || there === undefined) throw new Error("two machines were asked for");
  await must("ip", "-n", lab.network.nameOf(here.number), "route", "del", "default");
  const closed = `http://${there.address}:1`;
  const nobody = `http://${lab.network.addressOf(99)}:1`;
  // A proxy of the environment would answer for its own address.
  for (const proxy of [[], [`HTTP_PROXY=${closed}`]]) {
    const ask = [process.execPath, CHILD, closed, nobody, "http://203.0.113.1:1"];
    const { stdout } = await here.exec(["env", ...proxy, ...ask], import.meta.dir);
    expect(JSON.parse(stdout)).toEqual([
      ["refused", "connection refused"],
      ["unreachable", "no route to the host"],
      ["unreachable", "no route to its network"],
    ]);
  }
});

labTest(
  "of a link-local address nobody is said to have refused",
  TIMEOUT_MS,
  async (lab) => {
    const [here, there] = await lab.machines(2);
    if (here === undefined || there === undefined) throw new Error("two machines were asked for");
    const zone = lab.network.cardOf(here.number);
    const closed = `http://[${there.address}%${zone}]:1`;
    const { stdout } = await here.exec([process.execPath, CHILD, closed], import.meta.dir);
    expect(JSON.parse(stdout)).toEqual([["unreachable", "not reachable"]]);
  },
  { family: "link-local" },
);
