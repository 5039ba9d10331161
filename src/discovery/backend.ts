/**
 * Where a node may be reached. `host` is an IP literal or a name, without brackets; a link-local
 * IPv6 address has the zone of this machine behind it where this machine has learned it
 * (`fe80::1%eth0`, RFC 4007 section 11), and none where another machine has named it.
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
  /** New at each start, so that a second start of a known node is told apart from the first. */
  readonly bootId: string;
  readonly addresses: readonly Address[];
}

/** "A node may be there." Nothing in it is trusted before a handshake has confirmed it. */
export interface Nomination {
  readonly backend: string;
  /** Alternatives for one node, best first. */
  readonly addresses: readonly Address[];
  /** Hints that save a pointless dial: our own announcement, a foreign cluster, a start we know. */
  readonly nodeId?: string;
  readonly cluster?: string;
  readonly role?: Announcement["role"];
  readonly priority?: number;
  readonly bootId?: string;
  /** The operator has named these addresses: they are dialled whatever they are. */
  readonly isTrusted?: boolean;
  /**
   * A machine is there, and whether it runs a node is a guess: it is dialled once at each
   * nomination, and the backend says when again.
   */
  readonly isGuess?: boolean;
  /** The IP address that said so, where there is one; of IPv6 link-local with the zone. */
  readonly source?: string;
}

export interface BackendStatus {
  readonly name: string;
  readonly state: "starting" | "running" | "failed" | "stopped";
  /** Why it failed, or what it does; one line. */
  readonly detail: string;
  /** What to do about what `detail` complains of; without it nothing needs to be done. */
  readonly mend?: string | undefined;
  readonly nominations: number;
  /** Where the backend speaks on network interfaces: what came of it on each. */
  readonly links?: readonly LinkReport[] | undefined;
}

/** What a backend has sent and heard on one network interface since it uses that, in packets. */
export interface LinkReport {
  readonly name: string;
  readonly sent: number;
  /** From tankd on other machines, of whatever cluster. */
  readonly heard: number;
  /** From other programs on other machines. */
  readonly others: number;
  /** What could not be sent, or was heard and not taken. */
  readonly refused: readonly Refusal[];
  /** Why nobody may be found here, as far as these figures tell. */
  readonly causes: readonly Cause[];
}

export interface Refusal {
  readonly reason: string;
  readonly count: number;
}

/** Why a node may be alone, for people. */
export interface Cause {
  /** Stable: two causes with one code are the same, whatever figures their sentences name. */
  readonly code: string;
  readonly what: string;
  /** What to do about it; null where there is nothing to do. */
  readonly mend: string | null;
  /** Something is broken or misconfigured; false where there may simply be no other node. */
  readonly fault: boolean;
}

/**
 * One way to hear of other nodes. Backends run side by side; one that fails is retried, never
 * fatal.
 */
export interface DiscoveryBackend {
  readonly name: string;
  /**
   * Whether what it needs is on this machine; asked where nobody has named the backend. One that is
   * not there is looked for again from time to time, and is not in the status. Never rejects.
   */
  isThere?(): Promise<boolean>;
  /** Rejects when the backend cannot work now; it is then started again later. */
  start(announcement: Announcement, nominate: (nomination: Nomination) => void): Promise<void>;
  /** The announcement has changed (role, addresses). */
  update(announcement: Announcement): void;
  /** Look again at once, e.g. after a network change. */
  refresh(): void;
  /** What it does at present, in one line, for the status; nothing to say without it. */
  describe?(): string;
  /** What it has sent and heard on each network interface that it uses, if it uses any. */
  links?(): readonly LinkReport[];
  /**
   * False while it can reach nobody; `describe` says why. A backend without it works once started.
   */
  isWorking?(): boolean;
  /** Withdraws the announcement. May be called again, and before a start after a failure. */
  stop(): Promise<void>;
}
