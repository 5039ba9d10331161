import { expect, test } from "bun:test";
import type { BackendStatus } from "../../src/discovery/backend.ts";
import { solitudeLines } from "../../src/web/solitude.ts";

const link = { name: "eth0", sent: 12, heard: 0, others: 3, refused: [], causes: [] };
const mdns: BackendStatus = {
  name: "mdns",
  state: "running",
  detail: "on eth0 (IPv4)",
  nominations: 0,
  links: [link],
};
const cause = { code: "c", what: "nobody is there", mend: "start another node", fault: false };

test("a node alone shows why that may be, then what it sends and hears; in company nothing", () => {
  const alone = { seconds: 25, causes: [cause, { ...cause, mend: null }] };
  expect(solitudeLines({ alone, backends: [mdns, { ...mdns, links: undefined }] })).toEqual([
    { text: "nobody is there", mend: "start another node" },
    { text: "nobody is there", mend: null },
    {
      text: "mdns on eth0: 12 sent, 0 heard of other nodes, 3 of other programs",
      mend: null,
    },
  ]);
  expect(solitudeLines({ alone: null, backends: [mdns] })).toEqual([]);
});
