import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realHost } from "../../../src/cli/real-host.ts";
import { readClusterSecret } from "../../../src/cli/settings-sources.ts";
import { Problem } from "../../../src/platform/errors.ts";
import { runIn } from "../fake-host.ts";

const unsupported = () => {
  throw new Error("not part of the test");
};
const host = realHost({
  build: { version: "1.2.3", commit: "" },
  spawnWorker: unsupported,
  spawnDisk: unsupported,
  script: undefined,
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-secret-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string, mode: number): string {
  const path = join(folder, `secret-${mode.toString(8)}-${text.length}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function refusal(path: string): string {
  try {
    readClusterSecret(host, path);
  } catch (error) {
    if (error instanceof Problem && error.code === "bad_setting") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("the secret of a cluster", () => {
  test.each([0o600, 0o400])("is read without the white space around it, mode %o", (mode) => {
    const path = fileWith("\n  sixteen bytes ok \r\n", mode);
    expect(new TextDecoder().decode(readClusterSecret(host, path))).toBe("sixteen bytes ok");
  });

  test.each([
    [0o640, "a whole group of users"],
    [0o644, "every user of this machine"],
    [0o604, "every user of this machine"],
    [0o620, "a whole group of users"],
    [0o602, "every user of this machine"],
  ])("is refused in a file of mode %o", (mode, who) => {
    const said = refusal(fileWith("a-long-secret-of-many-bytes", mode));
    expect(said).toContain(`${who} can read or write it`);
    expect(said).toContain("chmod 600");
    expect(said).not.toContain("a-long-secret");
  });

  test.each(["", "   \n", "fifteen bytes!!", "x".repeat(4097)])("is refused: %#", (text) => {
    expect(refusal(fileWith(text, 0o600))).toContain("the cluster's secret must have 16 to 4096");
  });

  test("needs its file", () => {
    expect(refusal(join(folder, "none"))).toEndWith("there is no such file.");
  });
});

test("start ends with 2 before anything is opened", async () => {
  const files = { "/desk/s": "a-long-secret-of-many-bytes" };
  const alsoReadBy = { "/desk/s": "every user of this machine" };
  const ran = await runIn({ files, alsoReadBy }, "start", "--secret-file", "s");
  expect([ran.code, ran.out]).toEqual([2, ""]);
  expect(ran.err).toContain("s contains the cluster's secret, but every user of this machine can");
});
