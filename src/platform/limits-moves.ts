/** Bounds of whole tanks that move between nodes; like `LIMITS`, none of them is silent. */
export const MOVE_LIMITS = {
  /**
   * A tank with its past, as it travels: twice the largest archive, since all snapshots go with it.
   * A node holds one in memory for each move.
   */
  bundleBytesMax: 128 * 1024 * 1024,
  /** Of its header: one line of 300 bytes for each snapshot, of which a tank keeps 48. */
  bundleHeaderBytesMax: 64 * 1024,
  /** Of its rows, unpacked: some 20,000 transfers of 500 bytes, and records of open ones. */
  bundleRowsBytesMax: 64 * 1024 * 1024,
  /** One part of it: in base64 it stays within the answer of a peer. */
  partBytesMax: 1024 * 1024,
  /** Tanks that leave at the same time, and those that arrive: each stands still meanwhile. */
  movesAtOnceMax: 4,
  /** Ended moves that a node keeps, to tell of them and to answer late questions. */
  movesKeptMax: 1000,
  /** Certificates of one tank: one for each node that it was on. */
  certificatesMax: 64,
  /** Tanks of other nodes whose moves a node has proof of, in memory; the oldest are evicted. */
  tanksFollowedMax: 4096,
} as const;
