/**
 * Where a node may be reached. `host` is an IP literal or a name, without brackets. A link-local
 * IPv6 address carries the zone of this machine where this machine has learned it (`fe80::1%eth0`,
 * RFC 4007 section 11), and none where another machine has announced it.
 */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a node tells the network about itself through a backend. */
export interface Announcement {
  readonly nodeId: string;
  readonly cluster: string;
  readonly version: string;
  readonly role: "discovering" | "hub" | "worker";
  readonly priority: number;
  /** New at each start, which distinguishes a second start of a known node from the first. */
  readonly bootId: string;
  readonly addresses: readonly Address[];
}

/** "A node may be there." Nothing in it is trusted before a handshake has confirmed it. */
export interface Nomination {
  readonly backend: string;
  /** Alternatives for one node, best first. */
  readonly addresses: readonly Address[];
  /** Hints that avoid a useless dial: our own announcement, a foreign cluster, a known start. */
  readonly nodeId?: string;
  readonly cluster?: string;
  readonly role?: Announcement["role"];
  readonly priority?: number;
  readonly bootId?: string;
  /** Given by the operator: dialled whatever kind of address they are. */
  readonly isTrusted?: boolean;
  /**
   * A machine is there, but whether it runs a node is a guess: it is dialled once per nomination,
   * and the backend decides when to nominate it again.
   */
  readonly isGuess?: boolean;
  /**
   * The IP address that sent the nomination, if there is one; for link-local IPv6 with the zone.
   */
  readonly source?: string;
}

export interface BackendStatus {
  readonly name: string;
  readonly state: "starting" | "running" | "failed" | "stopped";
  /** Why it failed, or what it does; one line. */
  readonly detail: string;
  /** How to fix what `detail` reports; absent if nothing needs to be done. */
  readonly mend?: string | undefined;
  readonly nominations: number;
  /** The result on each network interface, for a backend that uses network interfaces. */
  readonly links?: readonly LinkReport[] | undefined;
}

/**
 * Packets that a backend has sent and received on one network interface since it began to use it.
 */
export interface LinkReport {
  readonly name: string;
  readonly sent: number;
  /** From tankd on other machines, of any cluster. */
  readonly heard: number;
  /** From other programs on other machines. */
  readonly others: number;
  /** Packets that could not be sent, or were received and dropped. */
  readonly refused: readonly Refusal[];
  /** Why nobody may be found here, judging by these figures. */
  readonly causes: readonly Cause[];
}

export interface Refusal {
  readonly reason: string;
  readonly count: number;
}

/** Why a node may be alone, for people. */
export interface Cause {
  /**
   * Stable: two causes with the same code are the same, whatever figures their sentences contain.
   */
  readonly code: string;
  readonly what: string;
  /** How to fix it; null if there is nothing to do. */
  readonly mend: string | null;
  /** True if something is broken or misconfigured; false if there may simply be no other node. */
  readonly fault: boolean;
}

/**
 * One source of nominations. Backends run side by side; a backend that fails is retried and never
 * stops the node.
 */
export interface DiscoveryBackend {
  readonly name: string;
  /**
   * Whether what it needs is present on this machine; called if nobody has named the backend. An
   * absent backend is checked again from time to time and is not in the status. Never rejects.
   */
  isThere?(): Promise<boolean>;
  /** Rejects if the backend cannot work now; it is started again later. */
  start(announcement: Announcement, nominate: (nomination: Nomination) => void): Promise<void>;
  /** The announcement has changed (role, addresses). */
  update(announcement: Announcement): void;
  /** Look again at once, for example after a network change. */
  refresh(): void;
  /**
   * What it does at present, in one line, for the status; without it there is nothing to report.
   */
  describe?(): string;
  /** Packets sent and received on each network interface that it uses, if it uses any. */
  links?(): readonly LinkReport[];
  /**
   * False while it can reach nobody; `describe` says why. Without this method a backend counts as
   * working once started.
   */
  isWorking?(): boolean;
  /** Withdraws the announcement. May be called again, and before a start after a failure. */
  stop(): Promise<void>;
}
