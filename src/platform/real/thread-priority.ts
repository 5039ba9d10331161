import { setPriority } from "node:os";

/**
 * A ninth of the main thread's weight (CFS and EEVDF give nice 10 a weight of 110, nice 0 one of
 * 1024): when cores are scarce, requests and heartbeats take precedence.
 */
const NICE_BACKGROUND = 10;

/**
 * Lowers the priority of the calling thread. On Linux a priority belongs to a thread
 * (setpriority(2), "C library/kernel differences"; verified in /proc/self/task). Elsewhere it
 * belongs to the process, which must not be slowed down, so nothing is done there.
 */
export function lowerThreadPriority(platform: string = process.platform): void {
  if (platform !== "linux") return;
  try {
    setPriority(0, NICE_BACKGROUND);
  } catch {
    // A sandbox may forbid it: then the threads keep equal priorities.
  }
}
