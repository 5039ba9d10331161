/**
 * Every bound in one place: what may come in, wait or be kept. A bound is never silent; what goes
 * over it is refused with a 4xx, dropped oldest first where that is said, or counted.
 * Bounds of the world itself (fish, food, grid) belong to the model: `src/sim/model.ts`.
 */
export const LIMITS = {
  /** A migrating entity's binary record. */
  entityRecordBytesMax: 16 * 1024,
  /**
   * Any request body: a record in base64 (22 kB) with its envelope, or a server record with its
   * tanks.
   */
  requestBodyBytesMax: 256 * 1024,
  /** Any answer of a peer: a list of `serversMax` records of about 1.5 kB. */
  peerResponseBytesMax: 2 * 1024 * 1024,
  /** Servers in the registry. A classroom is 30, the design's bench 50, the simulator 1,000. */
  serversMax: 1024,
  /**
   * Of them those that one address may list, signed or not, unless they have answered where they
   * were dialled: anybody can make any number of keys. A class behind one router is a few dozen.
   */
  serversPerAddressMax: 256,
  /** Servers that have left and of which followers are still told: eight times the list. */
  removalsRememberedMax: 8192,
  /** The longest interval that a server may declare: silent for three of them, it is offline. */
  heartbeatIntervalMaxMs: 3_600_000,
  /** The shortest: heartbeats are for the list, and who leads pings far more often. */
  heartbeatIntervalMinMs: 500,
  /** Path and query of a request that one node passes on to another. */
  forwardedPathCharactersMax: 1024,
  /** The same for a node that cannot be dialled: transfers have two signed positions in it. */
  relayedPathCharactersMax: 4096,
  /** A message of a tunnel: small ones of others are not held up by a long one. */
  tunnelPieceBytesMax: 16 * 1024,
  /** What has come of requests that are not whole yet, at the node behind a tunnel. */
  tunnelUnfinishedBytesMax: 6 * 1024 * 1024,
  /** What has come of answers that are not whole yet, of all tunnels that end at one node. */
  tunnelsUnfinishedBytesMax: 48 * 1024 * 1024,
  /** Of them those from one address: five of the longest answers, with their escapes. */
  tunnelsUnfinishedBytesPerSourceMax: 16 * 1024 * 1024,
  /** Tunnels that one node holds: as many as there are servers. */
  tunnelsMax: 1024,
  /** Of them those from one address: a class behind one router. */
  tunnelsPerSourceMax: 256,
  /** Requests that wait for their answer in one tunnel, and of them those of one address. */
  tunnelRequestsMax: 256,
  tunnelRequestsPerSourceMax: 64,
  /**
   * Requests that wait for nodes to which one node passes them on; of them those for one node,
   * those of one address, and those of one address for one node.
   */
  relayedRequestsMax: 256,
  relayedRequestsPerNodeMax: 64,
  relayedRequestsPerSourceMax: 64,
  relayedRequestsPerSourceAndNodeMax: 16,
  /**
   * What strangers have a node ask of others, per second: one address in all, and all of one node.
   * A page asks once in two seconds, so the first is a class behind one router.
   */
  relayedReadsPerSecondPerSource: 50,
  relayedReadsBurstPerSource: 200,
  relayedReadsPerSecondPerNode: 200,
  relayedReadsBurstPerNode: 400,
  /** Viewers in one tunnel; of them those of one address: a class that watches a Raspberry Pi. */
  tunnelViewersMax: 128,
  tunnelViewersPerSourceMax: 32,
  /** A tunnel in which more waits than this is too slow: viewers' frames are left out. */
  tunnelBacklogBytesMax: 256 * 1024,
  /**
   * One in which more waits than this is ended: answers begin while `tunnelUnfinishedBytesMax`
   * wait, and the longest has 12 MB with all its escapes.
   */
  tunnelWaitingBytesMax: 20 * 1024 * 1024,
  /**
   * Nodes of which anything is known: twice the registry, so that strangers cost no member its
   * place.
   */
  peersMax: 2048,
  /**
   * Of them those that one address has named or brought and that have not answered when dialled.
   */
  unconfirmedPeersPerSourceMax: 256,
  /**
   * Keys that nobody has confirmed and whose nonces are kept, 20 kB each at most, for the minutes
   * in which a request could be said again. When it is full no stranger comes in.
   */
  strangersRememberedMax: 4096,
  /** Of them those that one address has brought: as many as it may list. */
  strangersRememberedPerSourceMax: 256,
  /** Dials of the handshake at the same time: a classroom is dialled in a few rounds. */
  dialsMax: 16,
  /** Of them to addresses that one source has named and that have not answered yet. */
  dialsPerSourceMax: 4,
  /**
   * Of them to where somebody may be and nobody has been seen: places in DNS, remembered nodes.
   * Where a network is gone each takes its whole time, and others must not wait for that.
   */
  dialsUnsureMax: 8,
  /**
   * Dials beside them that have no connection after half a second. Each costs a socket and two or
   * three packets; with 5 s for each it is 13 a second at most.
   */
  dialsSilentMax: 64,
  /** Addresses nominated without an id, or waiting to be dialled; the oldest give way. */
  nominationsMax: 1024,
  /** Names looked up at one time: `--hub` names and those of nominations; each may take 25 s. */
  nameLookupsPendingMax: 64,
  /** A packet of multicast DNS (RFC 6762 section 17), which may come in fragments. */
  mdnsPacketBytesMax: 9000,
  /**
   * Packets of our service type that are decoded of one sender, at up to 0.2 ms each. In its first
   * seconds a node sends some ten, and one machine may run several nodes; then it is one in a
   * minute.
   */
  mdnsPacketsPerSecond: 20,
  mdnsPacketsBurst: 200,
  /**
   * The same of all senders together: 50 nodes that start at once send some 500 packets within ten
   * seconds, and a flood from many addresses takes 2 % of a core. Senders known for a while have a
   * measure of their own.
   */
  mdnsPacketsPerSecondInAll: 100,
  mdnsPacketsBurstInAll: 1000,
  /** Senders whose rate is remembered. */
  mdnsSendersTrackedMax: 1024,
  /** Services that one network link is said to have: as many as there are servers. */
  mdnsServicesMax: 1024,
  /** Of them those that one sender says: a lab of some dozen nodes on one machine fits. */
  mdnsServicesPerSourceMax: 128,
  /** Known answers in one question, 70 bytes each: nodes beyond it answer once more than needed. */
  mdnsKnownAnswersMax: 256,
  /** Services whose missing records are asked for in one packet. */
  mdnsFollowUpsMax: 8,
  /** Devices of a tailnet that are looked at: a plan for a large company has some thousand. */
  tailnetDevicesMax: 4096,
  /** Names that DNS is asked for, and places that one of them leads to: a hundred fit. */
  dnsNamesMax: 8,
  dnsPlacesMax: 128,
  /**
   * Nodes that are remembered for the next start, 100 bytes each, and of them those of one machine:
   * whoever finds one of its cluster finds the others by it.
   */
  rememberedNodesMax: 32,
  rememberedPerMachineMax: 4,
  /** Addresses kept of one node. */
  addressesPerServerMax: 8,
  /** Tags or capabilities of one server, and the characters of one. */
  labelsMax: 32,
  labelCharactersMax: 64,
  /** Capabilities that an operator adds; the rest of the labels are for the built-in ones. */
  capabilitiesMax: 24,
  /**
   * Facts that an operator states of a server beside what the machine tells of itself, each kind.
   */
  resourcesMax: 16,
  metadataMax: 16,
  metadataCharactersMax: 256,
  /** Names of servers, tanks and clusters. */
  nameCharactersMax: 64,
  descriptionCharactersMax: 512,
  /**
   * Names of its own that a node has for tanks; kept as one value of its journal, 200 bytes each.
   */
  aliasesMax: 256,
  /** Tanks of one node that it may name to others; more are counted but not listed. */
  tanksAnnouncedMax: 256,
  /** Tanks that one node hosts. A thousand of them is what two cores keep in real time. */
  tanksMax: 4096,
  /** Simulation threads of one node: more than any machine of today has cores. */
  threadsMax: 256,
  /** Founders of a new tank and fish of one spawn command. */
  foundersMax: 10_000,
  /** A tank's state, unpacked: `foundersMax` fish take 45 MB, and some more may have come back. */
  tankStateBytesMax: 256 * 1024 * 1024,
  /**
   * An archive of a tank: a snapshot of `foundersMax` fish packs into about 30 MB; the rest is for
   * its log, a year of marks (2 MB) and some ten thousand travellers. A node holds one in memory.
   */
  archiveBytesMax: 64 * 1024 * 1024,
  /** Of its log unpacked: records of travellers halve, marks shrink to a third. */
  archiveLogBytesMax: 256 * 1024 * 1024,
  /** Of its header: a name, a description, and `archiveSnapshotsMax` lines of 300 bytes. */
  archiveHeaderBytesMax: 64 * 1024,
  archiveSnapshotsMax: 64,
  /** Entries of its log: half a gigabyte of memory, once they are read. */
  archiveEntriesMax: 1_000_000,
  /**
   * Looks into the past that wait while one is computed: those of a person who scrubs, and of a few
   * more.
   */
  pastWaitingMax: 8,
  /** Portions of one feed command. */
  portionsMax: 1000,
  /**
   * Ticks per second that may be asked of a tank, besides 0 for as fast as it goes. Slower than one
   * tick in ten seconds is a pause; faster than the last a small tank cannot go beside others.
   */
  tickRateMin: 0.1,
  tickRateMax: 1000,
  connectionsMax: 4096,
  /** Outgoing transfers of one node that wait for a decision; beyond it no fish is picked. */
  outboxOpenMax: 4096,
  /**
   * Rows kept of the outbox and of the inbox, a few hundred bytes each: what people may still look
   * up. Rows that the protocol needs stay beyond it.
   */
  transfersKeptMax: 20_000,
  /** Transfers sent to one destination at the same time. */
  transfersInFlightPerPeerMax: 8,
  /** Transfers of one node to one tank: a migration storm slows down here and loses nothing. */
  inboundTransfersPerSecond: 100,
  inboundTransfersBurst: 200,
  /** (node, tank) pairs whose rate is remembered; the one unused longest gives way. */
  inboundQuotasTrackedMax: 4096,
  /** (source tank, destination tank) pairs whose lowest undecided transfer is held in memory. */
  pairsRememberedMax: 4096,
  /** Other nodes whose journal's position is kept, 300 bytes each: as many as there are servers. */
  positionsRememberedMax: 1024,
  /** Starts of nodes that are refused, each the later of two; the oldest give way. */
  clonesRememberedMax: 256,
  /**
   * Nodes of which two starts are asked at the same time which of them lives: a class that restarts
   * at once.
   */
  examinationsMax: 64,
  /** Statements of fish partners in one message to the hub: 3.4 kB, and 2 ms to verify. */
  positionsPerReportMax: 16,
  /** Nodes of which a hub keeps what third ones have reported, at most 1 kB each. */
  reportedNodesMax: 4096,
  /** Reported statements kept of one node, and shown to it: one for each of its latest starts. */
  positionsToldMax: 4,
  /** Rows in one answer of a list route. */
  listRowsMax: 1000,
  /** Commands of one tank that wait for the simulation or the disk. */
  commandsWaitingMax: 4096,
  /** WebSocket viewers of one node, and of them those of one address. 3,000 were tried. */
  viewersMax: 10_000,
  viewersPerSourceMax: 2500,
  /** Those of other nodes' tanks, each with a connection to the host: a lecture hall. */
  relayedViewersMax: 512,
  /** Of them those of one address, and those of one host, which may lie about its tanks. */
  relayedViewersPerSourceMax: 128,
  relayedViewersPerHostMax: 128,
  /** A viewer that falls further behind than this is closed. */
  viewerBacklogBytesMax: 1 << 20,
  /** A viewer has nothing to say that is longer. */
  viewerMessageBytesMax: 1024,
  /** Requests per second of one address to the state-changing peer routes, and the burst. */
  peerRequestsPerSecond: 200,
  peerRequestsBurst: 400,
  /** Addresses whose request rate is remembered; the one unseen longest gives way. */
  addressesTrackedMax: 4096,
  /** Answers kept for repeated `Idempotency-Key`s; the oldest give way. */
  idempotencyKeysMax: 1024,
  /** Settled transfer events kept per node before they fold into counters. */
  transferEventsMax: 100_000,
} as const;
