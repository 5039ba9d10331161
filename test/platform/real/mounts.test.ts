import { describe, expect, test } from "bun:test";
import { mountOf, parseMounts } from "../../../src/platform/real/mounts.ts";

const TABLE = `21 26 0:20 / /proc rw,nosuid - proc proc rw
26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 26 0:35 / /home rw - tmpfs tmpfs rw
41 26 0:36 /x /home rw shared:7 master:2 - nfs4 server:/home rw,vers=4.2
42 26 0:37 / /mnt/my\\040disk rw - fuse.sshfs user@host:/ rw
43 26 0:38 / /var/lib rw - xfs /dev/sdb rw
`;

describe("the file system that a path is on", () => {
  test.each([
    ["/etc/passwd", "ext4", "/"],
    ["/", "ext4", "/"],
    ["/homework", "ext4", "/"],
    // The last of two at one place is the one that is seen.
    ["/home/ann/.local", "nfs4", "/home"],
    ["/mnt/my disk/tankd", "fuse.sshfs", "/mnt/my disk"],
    ["/var/lib", "xfs", "/var/lib"],
    ["/var/lib/tankd", "xfs", "/var/lib"],
  ])("%s", (path, type, mountPoint) => {
    expect(parseMounts(TABLE, path)).toEqual({ type, mountPoint });
  });

  test("is not told by a table that is none", () => {
    expect(parseMounts("", "/etc")).toBeUndefined();
    expect(parseMounts("garbage\n - \n1 2 3", "/etc")).toBeUndefined();
  });

  test("is told by this system, if it is Linux", () => {
    const found = mountOf("/proc/self");
    if (process.platform === "linux") expect(found).toEqual({ type: "proc", mountPoint: "/proc" });
    else expect(found).toBeUndefined();
  });
});
