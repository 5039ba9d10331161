import { expect, test } from "bun:test";
import { NamedBackend } from "../../src/discovery/named-backend.ts";
import { announcementOf } from "./announcement.ts";

test("addresses named by the operator are nominated in order, each time, to the end", async () => {
  const heard: unknown[] = [];
  const [hub, elsewhere] = [
    { host: "10.0.0.9", port: 8000 },
    { host: "global", port: 80 },
  ];
  const backend = new NamedBackend("hub", [hub, elsewhere]);
  await backend.start(announcementOf(), (nomination) => heard.push(nomination));
  backend.refresh();
  await backend.stop();
  backend.refresh();
  const nominations = [hub, elsewhere].map((address) => ({
    backend: "hub",
    addresses: [address],
    isTrusted: true,
  }));
  expect(heard).toEqual([...nominations, ...nominations]);
});
