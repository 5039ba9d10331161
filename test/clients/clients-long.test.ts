import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startLocal } from "../ops/local-node.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { Scratch } from "../support/scratch.ts";

/**
 * Clients that generators have made from a node's own /openapi.json use that node. Needs npm,
 * python3 and the packages of package.json and requirements.txt; a Java comes with them.
 */

const INSTALL_MS = 900_000;
const GENERATE_MS = 300_000;

const scratch = new Scratch();
const venv = (program: string) => join(scratch.path("venv/bin"), program);
let node: NodeProcess;

beforeAll(async () => {
  mkdirSync(scratch.path("typescript"));
  for (const file of ["package.json", "tsconfig.json", "use-typescript.ts"]) {
    cpSync(join(import.meta.dir, file), join(scratch.path("typescript"), file));
  }
  await finish(["npm", "install", "--no-audit", "--no-fund"], scratch.path("typescript"));
  await finish(["python3", "-m", "venv", scratch.path("venv")]);
  const wanted = join(import.meta.dir, "requirements.txt");
  await finish([venv("python"), "-m", "pip", "install", "--quiet", "--requirement", wanted]);
  node = await startLocal(scratch);
  const document = await fetch(`${node.url}/openapi.json`);
  writeFileSync(scratch.path("openapi.json"), await document.text());
}, INSTALL_MS);

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

/** What every client has to see, whoever has made it. */
const SEEN = {
  health: "healthy",
  metrics: true,
  refused: [401, "urn:tankd:problem:token_required"],
  made: ["cave", 7],
  fed: "feed",
  sped: "set_tick_rate",
  paused: "pause",
  all_fish: true,
  connections: [[true, 10]],
  cut: true,
  online: 1,
  offline: 0,
  registered: [true, true],
  unknown: [404, "urn:tankd:problem:unknown_tank"],
  removed: true,
};

test(
  "openapi-typescript, with openapi-fetch",
  async () => {
    const there = scratch.path("typescript");
    const bin = (program: string) => join(there, "node_modules/.bin", program);
    await finish(
      [bin("openapi-typescript"), scratch.path("openapi.json"), "-o", "api.d.ts"],
      there,
    );
    await finish([bin("tsc"), "--project", "."], there);
    const client = [process.execPath, "use-typescript.ts", node.url, node.token];
    expect(JSON.parse(await finish(client, there))).toEqual(SEEN);
  },
  GENERATE_MS,
);

test(
  "openapi-python-client",
  async () => {
    const out = scratch.path("python-client");
    const document = ["--path", scratch.path("openapi.json"), "--output-path", out];
    await finish([venv("openapi-python-client"), "generate", ...document]);
    expect(await finishPython("use_python_client.py", out)).toEqual(SEEN);
  },
  GENERATE_MS,
);

test(
  "openapi-generator, for Python",
  async () => {
    const out = scratch.path("generator");
    const options = ["-g", "python", "--additional-properties=packageName=tankd_generated"];
    const document = ["-i", scratch.path("openapi.json"), "-o", out];
    await finish([venv("openapi-generator-cli"), "generate", ...options, ...document]);
    await finish([venv("python"), "-m", "pip", "install", "--quiet", out]);
    // Only this one knows what to do with bytes in both directions.
    expect(await finishPython("use_generator.py", out)).toEqual({ ...SEEN, copied: "copy" });
  },
  GENERATE_MS,
);

async function finishPython(script: string, packages: string): Promise<unknown> {
  const command = [venv("python"), join(import.meta.dir, script), node.url, node.token];
  return JSON.parse(await finish(command, scratch.directory, { PYTHONPATH: packages }));
}

/** Runs a command that must succeed, however long it takes. Resolves with what it prints. */
async function finish(
  command: readonly string[],
  cwd = scratch.directory,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd,
    env: {
      ...process.env,
      PATH: `${scratch.path("venv/bin")}:${process.env["PATH"]}`,
      ...environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed: ${err}${out}`);
  return out;
}
