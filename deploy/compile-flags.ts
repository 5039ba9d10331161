/** How Bun makes an executable of us; what tests compile is compiled the same way. */
export const COMPILE_FLAGS = [
  "build",
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--sourcemap",
] as const;
