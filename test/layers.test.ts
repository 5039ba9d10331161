import { describe, expect, test } from "bun:test";
import { inspect, show } from "./layers/rules.ts";

const ROOT = new URL("..", import.meta.url).pathname;

async function sources(): Promise<readonly { path: string; text: string }[]> {
  const paths = [...new Bun.Glob("src/**/*.{ts,tsx}").scanSync({ cwd: ROOT })].sort();
  return Promise.all(
    paths.map(async (path) => ({ path, text: await Bun.file(ROOT + path).text() })),
  );
}

/** What the rules say about one source, without the replacement. */
function offences(path: string, text: string): string[] {
  return inspect(path, text).map((found) => `${found.where}: ${found.what}`);
}

test("every source keeps to its layer and reaches the outside only through ports", async () => {
  const all = await sources();
  expect(all.length).toBeGreaterThan(20);
  expect(all.flatMap(({ path, text }) => inspect(path, text)).map(show)).toEqual([]);
});

describe("imports go downwards only", () => {
  const upwards = "src/tanks/a.ts:1: tanks imports upwards from cluster (src/cluster/b.ts)";
  test.each([
    ['import { b } from "../cluster/b.ts";', upwards],
    ['import type { B } from "../cluster/b.ts";', upwards],
    ['import { type B } from "../cluster/b.ts";', upwards],
    ['import "../cluster/b.ts";', upwards],
    ['export { b } from "../cluster/b.ts";', upwards],
    ['export * from "../cluster/b.ts";', upwards],
    ['export type { B } from "../cluster/b.ts";', upwards],
    ['export type * from "../cluster/b.ts";', upwards],
    ['const b = await import("../cluster/b.ts");', upwards],
    ['type B = import("../cluster/b.ts").B;', upwards],
    ['const b = require("../cluster/b.ts");', upwards],
    [
      'import { main } from "../main.ts";',
      "src/tanks/a.ts:1: imports src/main.ts, which is in no layer",
    ],
    [
      'import p from "../../package.json";',
      "src/tanks/a.ts:1: imports package.json, which is in no layer",
    ],
  ])("%s", (text, expected) => {
    expect(offences("src/tanks/a.ts", text)).toEqual([expected]);
  });

  test("names the line, and a port as the way out", () => {
    const [found] = inspect("src/store/a.ts", '// first\n\nimport { b } from "../tanks/b.ts";');
    expect(found && show(found)).toBe(
      "src/store/a.ts:3: store imports upwards from tanks (src/tanks/b.ts); " +
        "declare a port in src/store and let tanks hand it in",
    );
  });

  test("downwards, sideways in the same layer and packages are fine", () => {
    const text = `import { z } from "zod";
      import type { Clock } from "../platform/clock.ts";
      import { b } from "./b.ts";
      export const c = 1;
      export type { Tank };
      export { b };`;
    expect(offences("src/tanks/a.ts", text)).toEqual([]);
  });

  test("the world imports nothing outside itself, not even platform or a package", () => {
    const text = `import { z } from "zod";
      import { invariant } from "../platform/errors.ts";
      import { step } from "./step.ts";`;
    expect(offences("src/sim/a.ts", text)).toEqual([
      'src/sim/a.ts:1: the world imports "zod"',
      "src/sim/a.ts:2: the world imports src/platform/errors.ts",
    ]);
  });

  test("an adapter is imported by the composition root alone", () => {
    const text = 'import { A } from "../adapters/mdns/a.ts";';
    expect(offences("src/node/a.ts", text)).toEqual([]);
    expect(offences("src/cli/a.ts", text)).toEqual([
      "src/cli/a.ts:1: cli imports an adapter (src/adapters/mdns/a.ts)",
    ]);
    expect(offences("src/discovery/a.ts", text)).toHaveLength(1);
  });

  test("entry points may import anything; any other file outside the layers is refused", () => {
    expect(offences("src/main.ts", 'import { a } from "./cli/a.ts";')).toEqual([]);
    expect(offences("src/worker.ts", 'import { a } from "./tanks/a.ts";')).toEqual([]);
    expect(offences("src/util/a.ts", "")).toEqual(["src/util/a.ts:1: lies in no layer"]);
    expect(offences("src/html.d.ts", "declare module '*.html';")).toEqual([]);
  });
});

describe("the outside world is reached only in adapters", () => {
  const REACHING: readonly (readonly [string, string])[] = [
    ["const t = Date.now();", "Date.now"],
    ["const t = new Date();", "Date"],
    ["const t = new Date;", "Date"],
    ["const t = Date();", "Date"],
    ["const t = performance.now();", "performance.now"],
    ["const t = globalThis.performance?.now();", "performance.now"],
    ["const r = Math.random();", "Math.random"],
    ["crypto.getRandomValues(bytes);", "crypto.getRandomValues"],
    ["const id = crypto.randomUUID();", "crypto.randomUUID"],
    ['import { randomBytes } from "node:crypto";', "randomBytes of node:crypto"],
    [
      'import { generateKeyPairSync as g } from "node:crypto";',
      "generateKeyPairSync of node:crypto",
    ],
    ["setTimeout(run, 10);", "setTimeout"],
    ["const later = setTimeout;", "setTimeout"],
    ["setInterval(run, 10);", "setInterval"],
    ["setImmediate(run);", "setImmediate"],
    ["const s = AbortSignal.timeout(10);", "AbortSignal.timeout"],
    ["Atomics.wait(cells, 0, 0);", "Atomics.wait"],
    ["await fetch(url);", "fetch"],
    ["const send = globalThis.fetch;", "fetch"],
    ["send({ fetch });", "fetch"],
    ["const w = new WebSocket(url);", "WebSocket"],
    ["const w = new Worker(url);", "Worker"],
    ["console.log(1);", "console.log"],
    ["process.exit(1);", "process.exit"],
    ["const { env } = process;", "process"],
    ["Bun.serve({});", "Bun.serve"],
    ["Bun.spawn([]);", "Bun.spawn"],
    ["await Bun.file(p).text();", "Bun.file"],
    ["await Bun.$`ls`;", "Bun.$"],
    ["const e = Bun.env;", "Bun.env"],
    ["const { serve } = Bun;", "Bun"],
    ["const e = import.meta.env;", "import.meta"],
    ['import { readFile } from "node:fs/promises";', "node:fs/promises"],
    ['import os from "node:os";', "node:os"],
    ['import type { Socket } from "node:net";', "node:net"],
    ['const c = await import("node:child_process");', "node:child_process"],
    ['import { scheduler } from "node:timers/promises";', "node:timers/promises"],
    ['import { Worker } from "node:worker_threads";', "node:worker_threads"],
    ['import { lookup } from "node:dns";', "node:dns"],
    ['import { createInterface } from "node:readline";', "node:readline"],
    ['import { Database } from "bun:sqlite";', "bun:sqlite"],
    ['import { dlopen } from "bun:ffi";', "bun:ffi"],
    ['import { serve } from "bun";', "bun"],
    [`const s = \`at \${Date.now()} ms\`;`, "Date.now"],
  ];
  test.each(REACHING)("%s", (text, name) => {
    expect(offences("src/cluster/a.ts", text)).toEqual([`src/cluster/a.ts:1: uses ${name}`]);
  });

  test("the message names file, line, offence and replacement", () => {
    const [found] = inspect("src/cluster/a.ts", "const a = 1;\n\n  const t = Date.now();\n");
    expect(found && show(found)).toBe(
      "src/cluster/a.ts:3: uses Date.now; take a Clock (src/platform/clock.ts) as argument",
    );
  });

  test("the same is fine in an adapter", () => {
    const text = 'import { Database } from "bun:sqlite"; setTimeout(run, Date.now());';
    for (const path of [
      "src/platform/real/clock.ts",
      "src/platform/simulated/clock.ts",
      "src/telemetry/console.ts",
      "src/store/sqlite/journal.ts",
      "src/adapters/mdns/backend.ts",
      "src/api/server.ts",
      "src/tanks/worker-host.ts",
      "src/cli/commands/start/start.ts",
      "src/web/page.ts",
      "src/main.ts",
      "src/worker.ts",
    ]) {
      expect(offences(path, text)).toEqual([]);
    }
    for (const path of ["src/platform/clock.ts", "src/store/a.ts", "src/discovery/hub/a.ts"]) {
      expect(offences(path, text)).toHaveLength(3);
    }
  });

  test("prose, strings, members and names of one's own do not trigger it", () => {
    const text = `
      // Date.now() and console.log(1)
      /* Math.random(), fetch(url) */
      const s = "process.env" + 'setTimeout(x)' + \`Bun.serve(1) \${a.fetch(b)} Date.now()\`;
      const r = /console\\.log\\("fetch\\(/;
      const half = a / 2 / process_count;
      const t = new Date(wallMs).toISOString();
      const d: Date = when;
      interface Out { fetch(request: Request): Response; readonly process: string; console?: Log }
      class Host { async fetch(request: Request) { return app.fetch(request); } }
      const o = { performance: 1, fetch(x: string) { return x; } };
      const h = Bun.hash(bytes);
      const w: Worker | undefined = ports.worker;
      import { createHash, sign } from "node:crypto";
      import { deflateSync } from "node:zlib";
    `;
    expect(offences("src/tanks/a.ts", text)).toEqual([]);
  });
});

describe("the world computes the same bits everywhere", () => {
  test.each([
    ["const x = Math.sin(a);", "Math.sin"],
    ["const x = Math.hypot(a, b);", "Math.hypot"],
    ["const x = Math.pow(a, b);", "Math.pow"],
    ["const { cos } = Math;", "Math"],
    ['const x = Math["exp"](a);', "Math"],
    ["const x = a ** 2;", "**"],
    ["x **= 2;", "**"],
    ["const x = Math.random();", "Math.random"],
    ["const { sin } = Math;", "Math"],
    ["const { sin: s } = Math;", "Math"],
    ["const M = Math;", "Math"],
    ["const x = Math?.sin(a);", "Math"],
    ["const x = Math[name](a);", "Math"],
    ["use(Math);", "Math"],
    ["const x = Math.atan2(a, b);", "Math.atan2"],
    ["const x = Math.sumPrecise(a);", "Math.sumPrecise"],
    ["const m = eval(text);", "eval"],
    ["const m = new Function(text);", "Function"],
    ["const m = Reflect.get(o, key);", "Reflect"],
    ["const d = new Date(0);", "Date"],
    ["const f = new Intl.NumberFormat();", "Intl"],
    ["const s = n.toLocaleString();", "toLocaleString"],
    ["const c = a.localeCompare(b);", "localeCompare"],
    ["names.sort();", "sort without an order"],
    ["const s = ids.toSorted();", "toSorted without an order"],
    ["for (const key in row) use(key);", "for … in"],
    ["for (key in row) use(key);", "for … in"],
    ["const p = new WeakRef(tank);", "WeakRef"],
    ["const b = new SharedArrayBuffer(8);", "SharedArrayBuffer"],
    ["await tick(tank);", "await"],
    ["queueMicrotask(run);", "queueMicrotask"],
  ])("%s", (text, name) => {
    expect(offences("src/sim/a.ts", text)).toEqual([`src/sim/a.ts:1: uses ${name}`]);
  });

  test.each([
    ["const x = globalThis.Math.sin(a);", ["globalThis", "Math.sin"]],
    ['const x = globalThis["Math"].sin(a);', ["globalThis"]],
    ["const { Math: M } = globalThis;", ["Math", "globalThis"]],
    ["const M = self.Math;", ["self", "Math"]],
  ])("a detour is seen: %s", (text, names) => {
    expect(offences("src/sim/a.ts", text)).toEqual(
      names.map((name) => `src/sim/a.ts:1: uses ${name}`),
    );
  });

  test("what only looks like it is fine", () => {
    const text = `
      function sumAround(self: number, grid: Grid): number { return grid.xs[self]; }
      const o = { self: 1, sort: 2 };
      interface Row { readonly self: number; window?: number }
      rows.sort((a, b) => a - b);
      const found = "x" in row;
      for (const row of rows) if (key in row) use(row);
      for (let i = 0; i < n; i++) use(i);
      // new Date(), Math.sin, for (x in y)
    `;
    expect(offences("src/sim/a.ts", text)).toEqual([]);
  });

  test("exact operations are fine, and other layers may use them all", () => {
    const exact = "const x = Math.sqrt(Math.fround(a)) + Math.imul(b, 3) - Math.clz32(c) % 2;";
    expect(offences("src/sim/a.ts", exact)).toEqual([]);
    expect(offences("src/cluster/a.ts", "const x = Math.sin(a) + 2 ** 3;")).toEqual([]);
  });
});
