import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { run, until } from "../support/commands.ts";
import { NodeProcess } from "../support/node-process.ts";
import { requiredTest } from "../support/required-test.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { tankd } from "./local-node.ts";

setDefaultTimeout(60_000);

const noPython = Bun.which("python3") === null ? "python3 is missing" : undefined;

/**
 * Starts a node at a terminal, closes that, and says how the node ended: by the hangup that the
 * terminal's own session hears of, or by a SIGTERM that comes later, where it is no such session.
 */
const AT_A_TERMINAL = `
import os, signal, subprocess, sys, time
ending, command = sys.argv[1], sys.argv[2:]
terminal, own = os.openpty()
take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
take += "os.execv(sys.argv[1], sys.argv[1:])"
words = [sys.executable, "-c", take] + command if ending == "hangup" else command
node = subprocess.Popen(words, stdin=own, stdout=own, stderr=own, start_new_session=True)
os.close(own)
said = b""
while b"Ctrl-C stops it" not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
if ending != "hangup":
    time.sleep(0.3)
    node.send_signal(signal.SIGTERM)
print(node.wait())
`;

function startWords(scratch: Scratch): readonly string[] {
  return [TANKD, "start", "--data-dir", scratch.path("data"), ...ALONE, "--tanks", "1"];
}

for (const ending of ["hangup", "sigterm"]) {
  requiredTest(`a node at a closed terminal ends in order (${ending})`, noPython, async () => {
    using scratch = new Scratch();
    const script = scratch.path("terminal.py");
    writeFileSync(script, AT_A_TERMINAL);
    const { stdout } = await run(["python3", script, ending, ...startWords(scratch)], {
      env: cleanEnvironment(scratch.directory),
      cwd: scratch.directory,
    });
    expect(stdout.trim()).toBe("0");
    expect(existsSync(scratch.path("data/node.json"))).toBe(false);
  });
}

test("a node whose output goes to a full disk lives, and stops in order", async () => {
  using scratch = new Scratch();
  await using node = new NodeProcess({
    directory: scratch.path("data"),
    under: ["sh", "-c", 'exec "$@" > /dev/full 2>&1', "sh"],
    options: [...ALONE, "--tanks", "1"],
  });
  await node.ready();
  const stopped = await tankd(scratch, "stop", "--data-dir", scratch.path("data"));
  expect(stopped).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await node.ended).toEqual({ exitCode: 0, signal: null });
});

test("SIGHUP opens the log of a node in the background anew", async () => {
  using scratch = new Scratch();
  const directory = scratch.path("data");
  const log = `${directory}/tankd.log`;
  await tankd(scratch, "start", "-d", "--data-dir", directory, ...ALONE);
  try {
    const { pid } = JSON.parse(readFileSync(`${directory}/node.json`, "utf8"));
    renameSync(log, `${log}.old`);
    process.kill(pid, "SIGHUP");
    await until("a new log", PROMPTLY_MS, async () => existsSync(log));
  } finally {
    await tankd(scratch, "stop", "--data-dir", directory);
  }
  expect(readFileSync(log, "utf8")).toContain('"node stopped"');
});

/** A node that takes only members with this secret, told of `hub` where there is one. */
function member(scratch: Scratch, name: string, hub?: string): NodeProcess {
  const found = hub === undefined ? ["--discovery", "none"] : ["--discovery", "hub", "--hub", hub];
  return new NodeProcess({
    directory: scratch.path(name),
    log: scratch.path(`${name}.log`),
    options: [
      ...["--host", "127.0.0.1", "--port", "0", "--tanks", "0"],
      ...["--secret-file", scratch.path(`${name}.secret`), ...found],
    ],
  });
}

function writeSecret(scratch: Scratch, name: string, secret: string): void {
  writeFileSync(scratch.path(`${name}.secret`), secret, { mode: 0o600 });
}

test("SIGHUP reads the cluster's secret anew; a file that is none changes nothing", async () => {
  using scratch = new Scratch();
  const [first, second] = ["the first secret of this cluster", "the second secret of this cluster"];
  writeSecret(scratch, "hub", first);
  writeSecret(scratch, "worker", second);
  await using hub = member(scratch, "hub");
  await hub.ready();
  await using worker = member(scratch, "worker", hub.url);
  const said = (node: NodeProcess, msg: string) =>
    until(`the log says ${msg}`, PROMPTLY_MS, async () =>
      node.logged().find((line) => line.msg.startsWith(msg)),
    );
  await until(
    "the worker is up",
    PROMPTLY_MS,
    async () => (await worker.api.fetch("GET", "/health")).ok,
  );

  writeSecret(scratch, "worker", "short");
  worker.signal("SIGHUP");
  expect(await said(worker, "secret not read again")).toMatchObject({ level: "warn" });
  writeSecret(scratch, "worker", first);
  worker.signal("SIGHUP");
  expect(await said(worker, "secret read again")).toMatchObject({ changed: true });
  await said(worker, "registered with discovery hub");
  for (const node of [hub, worker]) {
    const text = readFileSync(scratch.path(`${node === hub ? "hub" : "worker"}.log`), "utf8");
    expect(text).not.toContain(first);
    expect(await node.stop()).toEqual({ exitCode: 0, signal: null });
  }
});
