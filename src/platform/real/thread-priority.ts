import { setPriority } from "node:os";

/**
 * Nine times less weight than the main thread (CFS and EEVDF give nice 10 a weight of 110, nice 0
 * one of 1024): where there is no core for each, requests and heartbeats go first.
 */
const NICE_BACKGROUND = 10;

/**
 * Lets the calling thread give way to the others of this process. On Linux a priority belongs to a
 * thread (setpriority(2), "C library/kernel differences"; seen in /proc/self/task); elsewhere it
 * belongs to the process, which must not be slowed down, so nothing is done there.
 */
export function lowerThreadPriority(platform: string = process.platform): void {
  if (platform !== "linux") return;
  try {
    setPriority(0, NICE_BACKGROUND);
  } catch {
    // A sandbox may forbid it: then all threads are equal, as they were.
  }
}
