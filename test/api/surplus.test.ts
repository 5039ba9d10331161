import { describe, expect, test } from "bun:test";
import { type Held, reserveOf, surplusOf } from "../../src/api/surplus.ts";

const LIMIT = 64;
/** Of the process itself. */
const OTHERS = 20;
const PER_ADDRESS = 1024;

/** `descriptor` numbers them by age. */
function held(count: number, more: Partial<Held> = {}, from = 0): Held[] {
  return Array.from({ length: count }, (_, at) => ({
    socket: { descriptor: from + at, address: "127.0.0.1", port: 1000 + from + at },
    share: undefined,
    hasSpoken: false,
    wasThere: true,
    ...more,
  }));
}

function surplus(connections: readonly Held[], perAddressMax = PER_ADDRESS, limit = LIMIT) {
  const open = OTHERS + connections.length;
  const { ended, missing } = surplusOf(connections, { limit, open, perAddressMax });
  return { ended: ended.map(({ socket, reason }) => `${reason} ${socket.descriptor}`), missing };
}

test("a quarter is kept free, and never more than the work needs", () => {
  expect([64, 256, 1024, 65_536].map((limit) => reserveOf({ limit }))).toEqual([16, 64, 256, 256]);
});

describe("while descriptors are free", () => {
  test("nobody goes", () => {
    expect(surplus(held(12))).toEqual({ ended: [], missing: 0 });
  });

  test("an address that has too many loses the newest, those that are silent first", () => {
    const share = "10.0.0.1";
    const connections = [
      ...held(2, { share }),
      ...held(3, { share, hasSpoken: true }, 2),
      ...held(2, { share: "10.0.0.2" }, 5),
    ];
    expect(surplus(connections, 2).ended).toEqual(["address 1", "address 0", "address 4"]);
    expect(surplus(held(12), 2).ended).toEqual([]);
  });

  test("no address has more than half of what the limit leaves", () => {
    const places = LIMIT - 16 - OTHERS;
    expect(surplus(held(20, { share: "10.0.0.1", hasSpoken: true })).ended).toHaveLength(
      20 - places / 2,
    );
  });
});

describe("where few are free", () => {
  test("those that have said nothing go, the oldest first, until twice the reserve is free", () => {
    const connections = [...held(1, { hasSpoken: true }), ...held(20, {}, 1)];
    // 64 - 20 - 21 = 23 are free, and 32 have to be.
    const nine = Array.from({ length: 9 }, (_, at) => `silent ${at + 1}`);
    expect(surplus(connections)).toEqual({ ended: nine, missing: 0 });
  });

  test("who has only just come may still say something", () => {
    expect(surplus(held(20, { wasThere: false })).ended).toEqual([]);
    const watching = held(20, { hasSpoken: true });
    const crowd = held(24, { wasThere: false }, 20);
    expect(surplus([...watching, ...crowd])).toEqual({ ended: [], missing: 0 });
  });

  test("of those that have spoken as many go as the reserve misses, if that is half of it", () => {
    expect(surplus(held(36, { hasSpoken: true }))).toEqual({ ended: [], missing: 0 });
    expect(surplus(held(37, { hasSpoken: true }))).toEqual({ ended: [], missing: 9 });
  });
});
