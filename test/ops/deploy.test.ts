import { describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../support/lab.ts";
import { labTest } from "../support/lab-test.ts";
import { Scratch } from "../support/scratch.ts";
import { makeCheckout } from "./checkout.ts";

const TIMEOUT_MS = 120_000;
const SANDBOX = join(import.meta.dir, "sandbox.sh");

/** Runs a script in the checkout as root of a fresh machine; what it prints, by line. */
async function onFreshMachine(
  lab: Lab,
  scratch: Scratch,
  init: "systemd" | "no-systemd",
  script: string,
): Promise<string> {
  const machine = await lab.machine();
  makeCheckout(scratch);
  writeFileSync(scratch.path("script"), script);
  const inside = `unshare --mount ${SANDBOX} ${init} <script`;
  const { stdout, stderr, exitCode } = await machine.exec(["sh", "-c", inside], scratch.directory);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout;
}

describe("make deploy as root", () => {
  labTest("runs a service where systemd runs, and may be repeated", TIMEOUT_MS, async (lab) => {
    using scratch = new Scratch();
    const output = await onFreshMachine(
      lab,
      scratch,
      "systemd",
      `LOG_LEVEL=warn deploy/service.sh deploy --discovery none --tag "$(echo reef)"
       cat /etc/default/tankd
       cp /run/asked /run/asked-first; : >/run/asked
       deploy/service.sh deploy
       cp /run/asked /run/asked-second; : >/run/asked
       printf more >>dist/tankd
       deploy/service.sh update
       ls /usr/local/bin
       cp /run/asked /run/asked-third; : >/run/asked
       deploy/nodes.sh stop
       deploy/nodes.sh start
       deploy/service.sh undeploy
       ls /usr/local/bin /etc/systemd/system
       ls /var/lib/tankd | grep -c .
       echo FIRST; cat /run/asked-first
       echo SECOND; cat /run/asked-second
       echo THIRD; cat /run/asked-third`,
    );
    const [told = "", first = "", second = "", third = ""] =
      output.split(/^(?:FIRST|SECOND|THIRD)$/m);
    expect(told).toContain('LOG_LEVEL="warn"\nTANKD_OPTIONS="--discovery none --tag reef"');
    expect(told).toContain("tankd runs as a service");
    expect(told).toContain("/usr/local/bin/tankd is up to date");
    expect(told).toContain(
      "mv /usr/local/bin/tankd.previous /usr/local/bin/tankd && systemctl restart tankd",
    );
    expect(told).toContain("tankd\ntankd.previous\n");
    expect(told).toContain("Started the service tankd");
    expect(told).toContain("Removed /usr/local/bin/tankd.\nThe tanks are still in /var/lib/tankd.");
    expect(first).toContain("useradd --system");
    expect(first).toContain("systemctl daemon-reload");
    expect(first).toContain("systemctl enable --quiet tankd.service");
    expect(second).not.toContain("restart");
    expect(third).toContain("systemctl restart tankd.service");
  });

  labTest("starts detached where systemd does not run, and says so", TIMEOUT_MS, async (lab) => {
    using scratch = new Scratch();
    const output = await onFreshMachine(
      lab,
      scratch,
      "no-systemd",
      `deploy/service.sh deploy --discovery none --name reef
       deploy/service.sh deploy
       printf more >>dist/tankd
       deploy/service.sh update
       tankd status
       deploy/service.sh undeploy`,
    );
    expect(output).toContain("tankd runs detached, because systemd does not run here");
    expect(output).toContain("tankd runs already (pid");
    expect(output).toContain("To go back to the program before");
    // The update has started it again with the options of the deployment.
    expect(output.split("tankd.previous").at(-1)).toContain("reef");
    expect(output).toContain("Removed /usr/local/bin/tankd");
  });
});
