import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/commands.ts";
import { Scratch } from "../support/scratch.ts";
import { cleanEnvironment } from "../support/tankd.ts";
import { makeCheckout, ROOT } from "./checkout.ts";

setDefaultTimeout(60_000);

function inCheckout(scratch: Scratch, ...command: readonly string[]) {
  return run(command, { cwd: scratch.directory, env: cleanEnvironment(scratch.directory) });
}

describe("make", () => {
  test("alone lists every target that is meant for people", async () => {
    const { stdout, exitCode } = await run(["make"], { cwd: ROOT });
    expect(exitCode).toBe(0);
    const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
    const phony = [...makefile.matchAll(/^\.PHONY: (\S+)$/gm)].map(([, name]) => name ?? "");
    expect(phony.length).toBeGreaterThan(20);
    for (const name of phony) expect(stdout).toContain(`make ${name} `);
  });

  test("dev-env writes tankd.toml once and never over another", async () => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    const file = () => readFileSync(scratch.path("tankd.toml"), "utf8");
    expect((await inCheckout(scratch, "make", "dev-env")).exitCode).toBe(0);
    expect(file()).toContain('profile = "development"');
    expect((await inCheckout(scratch, "make", "prod-env")).exitCode).toBe(0);
    expect(file()).toContain('profile = "development"');
    const { stdout } = await inCheckout(scratch, "dist/tankd", "config");
    expect(stdout).toContain("tankd.toml");
  });

  test("without npm and Bun says what to install", async () => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    const tools = ["sh", "sed", "dirname", "cat", "mkdir", "uname"];
    mkdirSync(scratch.path("bin"));
    for (const tool of tools) {
      writeFileSync(scratch.path(`bin/${tool}`), `#!/bin/sh\nexec ${Bun.which(tool)} "$@"\n`, {
        mode: 0o755,
      });
    }
    const { exitCode, stderr } = await run(["/bin/sh", "deploy/bun.sh"], {
      cwd: scratch.directory,
      env: { PATH: scratch.path("bin"), HOME: scratch.directory },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("needs npm (it comes with Node.js) or Bun");
  });
});

describe("nodes by their own pid", () => {
  test("a dev-cluster starts, is listed, and ends by emergency-stop", async () => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    // With a data directory of its own, so that a node of this machine is none of its business.
    const nodes = (action: string) =>
      inCheckout(scratch, "deploy/nodes.sh", action, "--data-dir", scratch.path("data"));
    const cluster = await inCheckout(scratch, "deploy/dev-cluster.sh", "start", "2");
    try {
      expect(cluster.stderr).toBe("");
      expect(cluster.exitCode).toBe(0);
      expect(cluster.stdout).toContain("node-2");
      const again = await inCheckout(scratch, "deploy/dev-cluster.sh", "start", "2");
      expect(again.stdout).toContain("node-1 runs already");
      const listed = await nodes("list");
      expect(listed.stdout).toContain(".dev-cluster/node-2");
      // Each has found a port of its own.
      const urls = listed.stdout.match(/http:\S+/g);
      expect(urls).toHaveLength(2);
      expect(new Set(urls).size).toBe(2);
    } finally {
      const killed = await nodes("kill");
      expect(killed.stdout.match(/(Ended|Killed) pid/g)).toHaveLength(2);
    }
    const after = await nodes("list");
    expect(after.stdout).not.toContain(".dev-cluster");
  });

  test("a pid that belongs to another program by now is left alone", async () => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    const bystander = Bun.spawn(["sleep", "300"]);
    try {
      mkdirSync(scratch.path("data"));
      const nodeFile = { url: "http://127.0.0.1:9", node_id: "x", pid: bystander.pid };
      writeFileSync(scratch.path("data/node.json"), JSON.stringify(nodeFile));
      for (const action of ["stop", "kill"]) {
        const stopped = await inCheckout(
          scratch,
          "deploy/nodes.sh",
          action,
          "--data-dir",
          scratch.path("data"),
        );
        expect(stopped.exitCode).toBe(0);
        expect(stopped.stdout).toMatch(/^No node/);
      }
      expect(bystander.exitCode).toBeNull();
    } finally {
      bystander.kill("SIGKILL");
    }
  });
});

describe("startup.sh", () => {
  test("starts, shows, and stops a node; each may be repeated", async () => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    const startup = (...words: readonly string[]) =>
      inCheckout(scratch, "./startup.sh", ...words, `--data-dir=${scratch.path("data")}`);
    try {
      const options = ["--discovery-backend=none", "--host", "127.0.0.1", "--port", "0"];
      expect(await startup("start", ...options)).toMatchObject({ stderr: "", exitCode: 0 });
      expect((await startup("start")).stdout).toContain("runs on");
      const status = await startup("status");
      expect(status.exitCode).toBe(0);
      expect(status.stdout).toContain("hub");
    } finally {
      expect((await startup("stop")).stdout).toContain("Stopped the node");
    }
    expect((await startup("stop")).stdout).toContain("No node is running");
    expect((await startup("cleanup")).exitCode).toBe(0);
  });

  test("help tells of every command; an unknown one is wrong usage", async () => {
    const help = await run(["./startup.sh", "help"], { cwd: ROOT });
    for (const word of ["start", "stop", "status", "monitor", "logs", "cleanup"]) {
      expect(help.stdout).toContain(`\n  ${word} `);
    }
    expect((await run(["./startup.sh", "swim"], { cwd: ROOT })).exitCode).toBe(2);
  });

  const data = "--data-dir=data";
  // Nothing listens there, and no agent is started in the place of one that was named.
  const options = "--host 127.0.0.1 --port 0 --tanks 0 --serf-rpc-addr 127.0.0.1:9";
  const joins: readonly { readonly how: string; readonly command: readonly string[] }[] = [
    {
      how: "a flag of startup.sh",
      command: ["./startup.sh", "start", "--serf-join=192.0.2.1", data, ...options.split(" ")],
    },
    {
      how: "the environment of startup.sh",
      command: ["env", "SERF_JOIN=192.0.2.1", "./startup.sh", "start", data, ...options.split(" ")],
    },
    {
      how: "make start-serf",
      // Without the sources, which a new build would need.
      command: [
        ..."make -o dist/tankd start-serf SERF_JOIN=192.0.2.1 DATA_DIR=data".split(" "),
        `ARGS=${options}`,
      ],
    },
  ];
  test.each(joins)("never drops a Serf join in silence: $how", async ({ command }) => {
    using scratch = new Scratch();
    makeCheckout(scratch);
    const started = await inCheckout(scratch, ...command);
    try {
      expect(started).toMatchObject({ stderr: "", exitCode: 0 });
      const { pid } = JSON.parse(readFileSync(scratch.path("data/node.json"), "utf8"));
      const words = (await run(["ps", "-ww", "-o", "args=", "-p", `${pid}`])).stdout;
      expect(words).toContain("--serf-join 192.0.2.1");
      const status = await inCheckout(scratch, "dist/tankd", "status", "--data-dir", "data");
      expect(status.stdout).toMatch(
        /discovery serf +failed: no Serf agent answers at 127\.0\.0\.1:9/,
      );
    } finally {
      await inCheckout(scratch, "deploy/nodes.sh", "stop", "--data-dir", "data");
    }
  });
});
