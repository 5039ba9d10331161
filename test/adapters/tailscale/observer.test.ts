import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { Observer, type ObserverOptions } from "../../../src/adapters/tailscale/observer.ts";
import { findLocalApis } from "../../../src/adapters/tailscale/places.ts";
import { realClock } from "../../../src/platform/real/clock.ts";
import { FakeLocalApi } from "./fake-local-api.ts";
import { RUNNING, STOPPED } from "./recorded.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An empty file system. */
function emptyRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "tankd-places-"));
  closers.push(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function put(root: string, path: string, text = ""): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** `tailscale` on the PATH, which says this; with what it was asked. */
function program(output: string): { readonly asked: () => Promise<string> } {
  const folder = emptyRoot();
  const file = put(folder, "tailscale", `#!/bin/sh\necho "$@" >>"$0.asked"\ncat "$0.output"\n`);
  writeFileSync(`${file}.output`, output);
  chmodSync(file, 0o755);
  onPath(`${folder}:${process.env["PATH"]}`);
  return { asked: () => Bun.file(`${file}.asked`).text() };
}

function onPath(path: string): void {
  const before = process.env["PATH"];
  process.env["PATH"] = path;
  closers.push(() => {
    process.env["PATH"] = before;
  });
}

function restApi(devices: readonly unknown[]): ObserverOptions["restApi"] {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ devices }),
  });
  closers.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, key: "k", tailnet: "-" };
}

function observer(options: Partial<ObserverOptions>): Observer {
  const nothing = { socket: undefined, platform: "linux", root: emptyRoot(), restApi: undefined };
  const all = { ...nothing, ...options };
  return new Observer(all, new LocalApis(all), realClock);
}

describe("where tailscaled is", () => {
  const places = async (platform: string, root: string) =>
    (await findLocalApis({ socket: undefined, platform, root })).map(
      ({ socketPath, origin }) => socketPath?.slice(root.length) ?? origin,
    );

  test.each([
    ["linux", "/var/run/tailscale/tailscaled.sock"],
    ["linux", "/var/packages/Tailscale/var/tailscaled.sock"],
    ["linux", "/perm/tailscaled/tailscaled.sock"],
    ["darwin", "/var/run/tailscaled.socket"],
  ])("%s: %s", async (platform, path) => {
    const root = emptyRoot();
    expect(await places(platform, root)).toEqual([]);
    put(root, path);
    expect(await places(platform, root)).toEqual([path]);
  });

  test("macOS: the app leaves its port and its password, and may be gone", async () => {
    const root = emptyRoot();
    put(root, "/var/run/tailscaled.socket");
    put(root, "/Library/Tailscale/sameuserproof-41641", "secret\n");
    symlinkSync("41641", join(root, "/Library/Tailscale/ipnport"));
    const found = await findLocalApis({ socket: undefined, platform: "darwin", root });
    expect(found[0]).toEqual({
      origin: "http://127.0.0.1:41641",
      headers: { authorization: `Basic ${btoa(":secret")}` },
    });
    expect(await places("darwin", root)).toEqual([
      "http://127.0.0.1:41641",
      "/var/run/tailscaled.socket",
    ]);
    rmSync(join(root, "/Library/Tailscale/sameuserproof-41641"));
    expect(await places("darwin", root)).toEqual(["/var/run/tailscaled.socket"]);
  });

  test("is where the operator says, and only there", async () => {
    const root = emptyRoot();
    put(root, "/var/run/tailscale/tailscaled.sock");
    const found = await findLocalApis({ socket: "/mine.sock", platform: "linux", root });
    expect(found.map(({ socketPath }) => socketPath)).toEqual(["/mine.sock"]);
  });
});

describe("a look at the tailnet", () => {
  test("is by the daemon, which can be watched", async () => {
    const api = await new FakeLocalApi().start();
    closers.push(() => api.close());
    program(JSON.stringify(STOPPED));
    const observed = observer({ socket: api.socket, restApi: restApi([]) });
    const [first, second] = [await observed.look(), await observed.look()];
    expect([first.status.state, first.by]).toEqual(["Running", undefined]);
    expect(second.localApi).toBe(first.localApi);
  });

  test("is by the command where the daemon does not answer this program", async () => {
    const api = await new FakeLocalApi().start();
    closers.push(() => api.close());
    api.mood = "forbidden";
    const { asked } = program(JSON.stringify(RUNNING));
    const look = await observer({ socket: api.socket }).look();
    expect([look.status.state, look.by, look.localApi]).toEqual([
      "Running",
      "by tailscale status",
      undefined,
    ]);
    expect(await asked()).toBe(`--socket=${api.socket} status --json\n`);
  });

  test("is by the control server where neither is of use", async () => {
    program("failed to connect to local tailscaled");
    const device = { addresses: ["100.64.0.9"], connectedToControl: true };
    const look = await observer({ restApi: restApi([device]) }).look();
    expect(look.by).toBe("by the API of Tailscale");
    expect(look.status.devices.map(({ addresses }) => addresses[0])).toEqual(["100.64.0.9"]);
  });

  test("fails with what is wrong with the best way", async () => {
    program("failed to connect to local tailscaled");
    const looking = observer({ socket: "/nowhere/tailscaled.sock" }).look();
    await expect(looking).rejects.toThrow(
      "tailscaled at /nowhere/tailscaled.sock: no such socket; it must run",
    );
  });

  test("says how to have one where there is none", async () => {
    onPath("/nowhere");
    await expect(observer({}).look()).rejects.toThrow(
      "there is no Tailscale on this machine: install it, or say where it is with",
    );
  });
});

describe("whether there is anything to look by", () => {
  test("there is not on a machine without Tailscale", async () => {
    onPath("/nowhere");
    expect(await observer({}).isThere()).toBe(false);
    expect(await observer({ platform: "darwin" }).isThere()).toBe(false);
  });

  test("there is with a socket, also one that others may not open", async () => {
    const root = emptyRoot();
    put(root, "/var/run/tailscale/tailscaled.sock");
    expect(await observer({ root }).isThere()).toBe(true);
  });

  test("there is with a key, and with the app for macOS", async () => {
    expect(await observer({ restApi: restApi([]) }).isThere()).toBe(true);
    const root = emptyRoot();
    put(root, "/Applications/Tailscale.app/Contents/MacOS/Tailscale");
    onPath("/nowhere");
    expect(await observer({ root, platform: "darwin" }).isThere()).toBe(true);
  });
});
