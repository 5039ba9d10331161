/** Which names reach out of the process, and which port replaces each. */

/** Modules that compute and neither wait nor reach out of the process. */
export const PURE_MODULES = new Set(
  [
    "crypto zlib path path/posix util util/types buffer url",
    "assert assert/strict events string_decoder",
  ].flatMap((names) => names.split(" ").map((name) => `node:${name}`)),
);

/** Members of `Bun` that compute and neither wait nor reach out of the process. */
export const PURE_BUN = new Set(
  [
    "hash CryptoHasher deepEquals deepMatch stringWidth stripANSI escapeHTML semver inspect",
    "version indexOfLine gzipSync gunzipSync deflateSync inflateSync",
    "zstdCompressSync zstdDecompressSync TOML YAML",
  ].flatMap((names) => names.split(" ")),
);

/** The part of Math that is the same bit by bit on every machine. */
export const EXACT_MATH = new Set(
  "sqrt fround imul floor ceil round trunc abs min max clz32 sign".split(" "),
);

export const USE = {
  clock: "take a Clock (src/platform/clock.ts) as argument",
  random: "take a Random (src/platform/random.ts) as argument",
  timers: "take Timers (src/platform/timers.ts) as argument",
  network: "take a Network (src/platform/network.ts) as argument",
  files: "take Files (src/platform/files.ts) as argument",
  machine: "take a Machine (src/platform/machine.ts) or the value itself as argument",
  log: "take a Log (src/telemetry/log.ts) as argument",
  journal: "take a Journal or RegistryStore (src/store/journal.ts) as argument",
  threads: "take a port that the worker host (src/tanks/worker-host.ts) implements",
  adapter: "move it into an adapter behind a port (docs/architecture.md)",
  settings: "take the setting as argument; src/main.ts reads the environment",
} as const;

export const NODE_MODULE_USE: Readonly<Record<string, string>> = {
  fs: USE.files,
  os: USE.machine,
  net: USE.network,
  dgram: USE.network,
  http: USE.network,
  https: USE.network,
  http2: USE.network,
  dns: USE.network,
  tls: USE.network,
  timers: USE.timers,
  perf_hooks: USE.clock,
  worker_threads: USE.threads,
  process: USE.settings,
};

export const BUN_MEMBER_USE: Readonly<Record<string, string>> = {
  serve: USE.network,
  connect: USE.network,
  listen: USE.network,
  udpSocket: USE.network,
  dns: USE.network,
  fetch: USE.network,
  file: USE.files,
  write: USE.files,
  stdin: USE.files,
  stdout: USE.log,
  stderr: USE.log,
  sleep: USE.timers,
  sleepSync: USE.timers,
  nanoseconds: USE.clock,
  randomUUIDv7: USE.random,
  env: USE.settings,
  argv: USE.settings,
  sql: USE.journal,
  SQL: USE.journal,
};

/** Global names that reach out of the process wherever they are mentioned as a value. */
export const GLOBALS: Readonly<Record<string, string>> = {
  performance: USE.clock,
  setTimeout: USE.timers,
  setInterval: USE.timers,
  setImmediate: USE.timers,
  fetch: USE.network,
  console: USE.log,
  process: USE.settings,
};

/** Constructors: their names are fine as types. */
export const CONSTRUCTORS: Readonly<Record<string, string>> = {
  WebSocket: USE.network,
  EventSource: USE.network,
  XMLHttpRequest: USE.network,
  Worker: USE.threads,
  SharedWorker: USE.threads,
  BroadcastChannel: USE.threads,
};

/** Members of other globals (or of a module imported under that name). */
export const MEMBERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Date: { now: USE.clock },
  Math: { random: USE.random },
  AbortSignal: { timeout: USE.timers },
  Atomics: { wait: USE.threads, waitAsync: USE.threads },
};

export const CRYPTO_THAT_DRAWS =
  /^(random|getRandomValues|generateKey|generatePrime|webcrypto|subtle)/;
