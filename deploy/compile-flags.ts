/** How Bun makes an executable of us; what tests compile is compiled the same way. */
export const COMPILE_FLAGS = [
  "build",
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--sourcemap",
  // A start runs most of its code once: what takes its time says so
  // (src/platform/real/compilation.ts).
  "--compile-jit-policy=10",
  // The directory that somebody stands in must not run its code in tankd (`preload`), nor set its
  // environment.
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
  "--compile-exec-argv=--disallow-code-generation-from-strings=strict",
] as const;
