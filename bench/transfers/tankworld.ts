import { print } from "../measure.ts";

export function measureTankWorld(directory: string): void {
  if (directory === "") print("Tank World was not run: --tankworld names no checkout of it.");
}
