import type { Announcement } from "../../src/discovery/backend.ts";

/** A node that announces itself. */
export function announcementOf(part: Partial<Announcement> = {}): Announcement {
  return {
    nodeId: "abcdefghij234567klmn",
    cluster: "tankd",
    version: "0.1.0",
    role: "worker",
    priority: 100,
    bootId: "b0071d",
    addresses: [{ host: "10.0.0.1", port: 8000 }],
    ...part,
  };
}
