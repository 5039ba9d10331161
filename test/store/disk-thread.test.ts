import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Problem, StorageDamaged, StorageUnavailable } from "../../src/platform/errors.ts";
import { realTimers } from "../../src/platform/real/timers.ts";
import { JournalConflict, type JournalWrite, type Store } from "../../src/store/journal.ts";
import { DiskLoop } from "../../src/store/sqlite/thread/disk-loop.ts";
import { errorFromData, errorToData } from "../../src/store/sqlite/thread/error-data.ts";
import type { DiskThread, FromDisk, ToDisk } from "../../src/store/sqlite/thread/messages.ts";
import { openThreadedStore } from "../../src/store/sqlite/thread/threaded-store.ts";
import { workerDisk } from "../../src/store/sqlite/thread/worker-disk.ts";
import type { LogFields } from "../../src/telemetry/log.ts";
import { logRow, tankRow } from "./rows.ts";

let folder = "";
let path = "";
let said: { event: string; fields: LogFields }[] = [];
let store: Store | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tankd-disk-"));
  path = join(folder, "tankd.db");
  said = [];
  store = undefined;
});
afterEach(async () => {
  await store?.close().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
});

const note = (event: string, fields: LogFields = {}) => void said.push({ event, fields });
const log = { debug: note, info: note, warn: note, error: note };

const meta = (key: string): readonly JournalWrite[] => [{ put: "meta", key, value: "v" }];

async function open(spawn: () => DiskThread): Promise<Store> {
  store = await openThreadedStore({ spawn, path, timers: realTimers, log });
  return store;
}

const realThread = () => {
  const worker = new Worker(new URL("../../src/disk.ts", import.meta.url));
  return { worker, thread: workerDisk(worker) };
};

/** The outcome of a promise as a word. Not `rejects`: Bun waits for that in place. */
function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (error: Error) => error.name,
  );
}

/**
 * Threads in this one, on the real disk. Each does what it is told until `dies` says so: `before`
 * or `after` the work is done, its answer never comes.
 */
class MortalThreads {
  spawned = 0;
  dies: (message: ToDisk) => "before" | "after" | undefined = () => undefined;
  opens: () => boolean = () => true;

  spawn = (): DiskThread => {
    this.spawned++;
    let alive = true;
    let tell: (message: FromDisk) => void = () => {};
    let onEnd: (reason: string) => void = () => {};
    const die = () => {
      alive = false;
      onEnd("the disk thread failed: out of memory");
    };
    const hear = (messages: readonly FromDisk[]) => {
      for (const message of messages) if (alive) tell(structuredClone(message));
    };
    const loop = new DiskLoop((messages) => queueMicrotask(() => hear(messages)));
    return {
      post: (message) => {
        if (!alive) return;
        if (message.work.kind === "open" && !this.opens()) return die();
        const dies = this.dies(message);
        if (dies === "before") return die();
        loop.receive([structuredClone(message)]);
        // The loop works in microtasks; what it says from now on is not heard.
        if (dies === "after") {
          alive = false;
          setTimeout(die, 5);
        }
      },
      listen: (receiver) => {
        tell = receiver.onMessage;
        onEnd = receiver.onEnd;
      },
      stop: async () => {
        alive = false;
      },
    };
  };

  /** Dies at the next commit, once. */
  dieAtCommit(when: "before" | "after"): void {
    this.dies = ({ work }) => {
      if (work.kind !== "commit") return undefined;
      this.dies = () => undefined;
      return when;
    };
  }
}

describe("opening", () => {
  test("says in its own words why a database is refused", async () => {
    writeFileSync(path, "not a database, but long enough to be looked at".repeat(100));
    const opened = open(() => realThread().thread).catch((error: unknown) => error);
    const problem = await opened;
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ code: "data_directory_unusable" });
    expect(String(problem)).toContain("is damaged");
  });

  test("says that a folder is in the place of the database", async () => {
    mkdirSync(path);
    const problem = await open(() => realThread().thread).catch((error: unknown) => error);
    expect(problem).toMatchObject({ code: "data_directory_unusable" });
  });

  test("fails when the thread does not come up", async () => {
    const broken = join(folder, "broken.ts");
    writeFileSync(broken, 'throw new Error("cannot be loaded");');
    const error = await open(() => workerDisk(new Worker(broken))).catch((one: unknown) => one);
    expect(String(error)).toContain("the disk thread");
  });

  test.each([
    ["3.51.2", ["SQLite can corrupt a database that two programs write to at once"]],
    ["3.51.3", []],
    [undefined, []],
  ])("warns of a SQLite that can corrupt the database: %s", async (sqlite, events) => {
    const options = { spawn: () => realThread().thread, path, timers: realTimers, log };
    store = await openThreadedStore({ ...options, ...(sqlite !== undefined && { sqlite }) });
    expect(said.map(({ event }) => event)).toEqual(events);
  });

  test("passes on what the store warns of", async () => {
    await (await open(() => realThread().thread)).journal.commit(meta("k"));
    await store?.close();
    rmSync(join(folder, "tankd.watermarks"));
    await open(() => realThread().thread);
    expect(said).toMatchObject([{ event: "storage damage" }]);
  });
});

test("reads come after the commits that were asked for before them", async () => {
  const { journal } = await open(() => realThread().thread);
  void journal.commit([{ put: "tank", row: tankRow("t1") }]);
  const commits = [1, 2, 3].map((seq) => journal.commit([{ put: "log", row: logRow("t1", seq) }]));
  const read = journal.log("t1", 0);
  void journal.commit([{ put: "log", row: logRow("t1", 4) }]);
  expect((await read).map((row) => row.seq)).toEqual([1, 2, 3]);
  await Promise.all(commits);
});

test("reads of one moment are one request, each with its own result", async () => {
  const threads = new MortalThreads();
  let requests = 0;
  threads.dies = () => {
    requests++;
    return undefined;
  };
  const { journal } = await open(threads.spawn);
  await journal.commit([{ put: "meta", key: "a", value: "1" }]);
  requests = 0;
  const read = ["a", "b", "a"].map((key) => journal.meta(key));
  expect(await Promise.all([...read, journal.tanks()])).toEqual(["1", undefined, "1", []]);
  expect(requests).toBe(2);
});

test("a few bytes of a large buffer are all that is sent", async () => {
  const threads = new MortalThreads();
  let largest = 0;
  threads.dies = ({ work }) => {
    if (work.kind === "commit") largest = Math.max(largest, work.writes.bytes.buffer.byteLength);
    return undefined;
  };
  const { journal } = await open(threads.spawn);
  const payload = new Uint8Array(1 << 20).subarray(5, 9);
  await journal.commit([
    { put: "tank", row: tankRow("t1") },
    { put: "log", row: { ...logRow("t1", 1), payload } },
  ]);
  expect(largest).toBe(4);
});

describe("a thread that dies", () => {
  test("before a commit: it is refused, and truly not there", async () => {
    const threads = new MortalThreads();
    const { journal } = await open(threads.spawn);
    await journal.commit(meta("a"));
    threads.dieAtCommit("before");
    expect(await outcome(journal.commit(meta("b")))).toBe("StorageUnavailable");
    expect(await journal.meta("a")).toBe("v");
    expect(await journal.meta("b")).toBeUndefined();
    expect(journal.position).toBe(1);
    expect(said.map((one) => one.event)).toEqual(["disk thread lost", "disk thread restarted"]);
  });

  test("after a commit, before its answer: it is not called refused, for it is there", async () => {
    const threads = new MortalThreads();
    const { journal } = await open(threads.spawn);
    await journal.commit(meta("a"));
    threads.dieAtCommit("after");
    const inDoubt = journal.commit(meta("b"));
    const behind = journal.commit(meta("c"));
    const read = journal.meta("a");
    expect(await outcome(behind)).toBe("StorageUnavailable");
    expect(await outcome(read)).toBe("StorageUnavailable");
    expect(await outcome(journal.commit(meta("d")))).toBe("StorageUnavailable");
    expect(await outcome(inDoubt)).toBe("done");
    expect(journal.position).toBe(2);
    expect(await journal.meta("b")).toBe("v");
    expect(await journal.meta("c")).toBeUndefined();
    expect(await journal.meta("d")).toBeUndefined();
  });

  test("after a commit that conflicted: the position tells that it did not happen", async () => {
    const threads = new MortalThreads();
    const { journal } = await open(threads.spawn);
    threads.dieAtCommit("after");
    const conflict = journal.commit([{ put: "log", row: logRow("nowhere", 1) }]);
    expect(await outcome(conflict)).toBe("StorageUnavailable");
    expect(journal.position).toBe(0);
  });

  test("again and again during restarts: the commit in doubt waits for its outcome", async () => {
    const threads = new MortalThreads();
    const { journal } = await open(threads.spawn);
    threads.dieAtCommit("after");
    let failures = 3;
    threads.opens = () => failures-- <= 0;
    const inDoubt = journal.commit(meta("a"));
    expect(await outcome(inDoubt)).toBe("done");
    expect(threads.spawned).toBe(5);
    expect(await journal.meta("a")).toBe("v");
    expect(said.filter((one) => one.event === "disk thread not restarted")).toHaveLength(1);
  });

  test("and a store that is closed meanwhile: nothing hangs", async () => {
    const threads = new MortalThreads();
    const opened = await open(threads.spawn);
    threads.dieAtCommit("after");
    threads.opens = () => false;
    const inDoubt = opened.journal.commit(meta("a"));
    expect(await outcome(opened.journal.commit(meta("b")))).toBe("StorageUnavailable");
    await opened.close();
    expect(await outcome(inDoubt)).toBe("StorageUnavailable");
    // What an API answers that is still asked while its node stops: no bug of ours.
    const late = await opened.journal.meta("a").catch((error: unknown) => error);
    expect(late).toMatchObject({ code: "not_ready", message: "the node is stopping" });
  });
});

test("closing waits for no look for damage: on a slow disk that reads for minutes", async () => {
  const bytes = 17 * 1024 * 1024;
  const large = await open(() => realThread().thread);
  await large.journal.commit([{ put: "meta", key: "large", value: "x".repeat(bytes) }]);
  await large.close();
  const threads = new MortalThreads();
  let looks = 0;
  const endless: DiskThread = {
    post: () => void looks++,
    listen: () => {},
    stop: () => new Promise(() => {}),
  };
  const checked = await open(() => (threads.spawned === 0 ? threads.spawn() : endless));
  expect(looks).toBe(1);
  await checked.close();
});

test("a worker that is ended amid a stream of commits loses nothing it acknowledged", async () => {
  const workers: Worker[] = [];
  const { journal } = await open(() => {
    const { worker, thread } = realThread();
    workers.push(worker);
    return thread;
  });
  await journal.commit([{ put: "tank", row: tankRow("t1") }]);
  let seq = 0;
  for (let death = 0; death < 5; death++) {
    const commits: Promise<string>[] = [];
    const first = seq + 1;
    for (let count = 0; count < 40; count++) {
      const row = logRow("t1", ++seq);
      commits.push(outcome(journal.commit([{ put: "log", row }])));
    }
    await commits[death * 7];
    workers.at(-1)?.terminate();
    const outcomes = await Promise.all(commits);
    // The next one may come before the thread does.
    while ((await outcome(journal.meta("k"))) !== "done") await Bun.sleep(5);
    const there = new Set((await journal.log("t1", 0)).map((row) => row.seq));
    for (const [index, one] of outcomes.entries()) {
      expect([one, there.has(first + index)]).toEqual([one, one === "done"]);
    }
    expect(outcomes).toContain("done");
    expect(outcomes).toContain("StorageUnavailable");
  }
  expect(workers).toHaveLength(6);
}, 20_000);

test("errors come over as what they were", () => {
  const errors = [
    new Problem("data_directory_unusable", "a"),
    new Problem("conflict", "a"),
    new JournalConflict("b"),
    new StorageUnavailable("c"),
    new StorageDamaged("d"),
    new TypeError("e"),
  ];
  for (const error of errors) {
    const again = errorFromData(structuredClone(errorToData(error)));
    expect(again.message).toBe(error.message);
    if (error instanceof TypeError) expect(again.stack).toContain("disk-thread.test.ts");
    else expect(again.constructor).toBe(error.constructor);
    if (error instanceof Problem) expect(again).toMatchObject({ code: error.code });
  }
});
