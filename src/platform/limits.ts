/**
 * All bounds in one place: of input, queues and memory. A bound is never silent; what exceeds it is
 * refused with a 4xx, evicted oldest first where noted, or counted.
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
   * Of these, those that one address may list, signed or not, unless they have answered where they
   * were dialled: anybody can make any number of keys. A class behind one router is a few dozen.
   */
  serversPerAddressMax: 256,
  /** Removed servers that are still included in deltas for followers: eight times the list. */
  removalsRememberedMax: 8192,
  /**
   * The longest interval that a server may declare; after three without a heartbeat it is offline.
   */
  heartbeatIntervalMaxMs: 3_600_000,
  /** The shortest: heartbeats serve the list; liveness of the hub uses faster pings. */
  heartbeatIntervalMinMs: 500,
  /** Path and query of a request that one node relays to another. */
  forwardedPathCharactersMax: 1024,
  /** The same for a node behind a tunnel: transfers have two signed positions in the query. */
  relayedPathCharactersMax: 4096,
  /** A message of a tunnel, so that a long one does not delay others. */
  tunnelPieceBytesMax: 16 * 1024,
  /** Bytes of incomplete requests at the node behind a tunnel. */
  tunnelUnfinishedBytesMax: 6 * 1024 * 1024,
  /** Bytes of incomplete answers of all tunnels that end at one node. */
  tunnelsUnfinishedBytesMax: 48 * 1024 * 1024,
  /** Of these, those from one address: five of the longest answers, with their escapes. */
  tunnelsUnfinishedBytesPerSourceMax: 16 * 1024 * 1024,
  /** Tunnels that one node holds: as many as there are servers. */
  tunnelsMax: 1024,
  /** Of these, those from one address: a class behind one router. */
  tunnelsPerSourceMax: 256,
  /** Pending requests in one tunnel; of these, those of one address. */
  tunnelRequestsMax: 256,
  tunnelRequestsPerSourceMax: 64,
  /**
   * Pending requests that one node relays; of these, those to one node, those of one address, and
   * those of one address to one node.
   */
  relayedRequestsMax: 256,
  relayedRequestsPerNodeMax: 64,
  relayedRequestsPerSourceMax: 64,
  relayedRequestsPerSourceAndNodeMax: 16,
  /**
   * Registrations and heartbeats that wait for the hub at a node that forwards them, and of them
   * those of one address: a class behind one router. The longest hold half a megabyte each.
   */
  forwardedRequestsMax: 128,
  forwardedRequestsPerSourceMax: 32,
  /**
   * Requests of strangers that a node relays, per second: of one address in total, and of all to
   * one node. A page polls once in two seconds, so the first suffices for a class behind one
   * router.
   */
  relayedReadsPerSecondPerSource: 50,
  relayedReadsBurstPerSource: 200,
  relayedReadsPerSecondPerNode: 200,
  relayedReadsBurstPerNode: 400,
  /** Viewers in one tunnel; of these, those of one address: a class that watches a Raspberry Pi. */
  tunnelViewersMax: 128,
  tunnelViewersPerSourceMax: 32,
  /** A tunnel with more buffered bytes is too slow: viewers' frames are dropped. */
  tunnelBacklogBytesMax: 256 * 1024,
  /**
   * A tunnel with more buffered bytes is closed: answers begin while `tunnelUnfinishedBytesMax` are
   * buffered, and the longest has 12 MB with all its escapes.
   */
  tunnelWaitingBytesMax: 20 * 1024 * 1024,
  /** Nodes in the peer table: twice the registry, so that strangers do not displace members. */
  peersMax: 2048,
  /**
   * Of these, those that one address has named or brought and that have not answered when dialled.
   */
  unconfirmedPeersPerSourceMax: 256,
  /**
   * Unconfirmed keys whose nonces are kept, at most 20 kB each, for the minutes in which a request
   * could be replayed: so many for each of the two clocks. When it is full, requests of further
   * strangers are refused.
   */
  strangersRememberedMax: 4096,
  /** Of these, those that one address has brought: as many as it may list. */
  strangersRememberedPerSourceMax: 256,
  /** Concurrent dials of the handshake: a classroom is dialled in a few rounds. */
  dialsMax: 16,
  /** Of these, dials to addresses that one source has named and that have not answered yet. */
  dialsPerSourceMax: 4,
  /**
   * Of these, dials to addresses where no node was seen: from DNS, of remembered nodes. When a
   * network is gone, each takes its whole timeout, and others must not wait for that.
   */
  dialsUnsureMax: 8,
  /**
   * Dials beside these that have no connection after half a second. Each costs a socket and two or
   * three packets; with 5 s for each that is 13 a second at most.
   */
  dialsSilentMax: 64,
  /** Addresses nominated without an id, or waiting to be dialled; the oldest are evicted. */
  nominationsMax: 1024,
  /** Concurrent name lookups: `--hub` names and those of nominations; each may take 25 s. */
  nameLookupsPendingMax: 64,
  /** A packet of multicast DNS (RFC 6762 section 17), which may come in fragments. */
  mdnsPacketBytesMax: 9000,
  /**
   * Packets of tankd's service type that are decoded per sender, at up to 0.2 ms each. A node sends
   * some ten in its first seconds, then one a minute; one machine may run several nodes.
   */
  mdnsPacketsPerSecond: 20,
  mdnsPacketsBurst: 200,
  /**
   * The same for all senders together: 50 nodes that start at once send some 500 packets within ten
   * seconds, and a flood from many addresses takes 2 % of a core. Senders known for a while have a
   * separate bucket.
   */
  mdnsPacketsPerSecondInAll: 100,
  mdnsPacketsBurstInAll: 1000,
  /** Senders whose rate is remembered. */
  mdnsSendersTrackedMax: 1024,
  /** Services cached per network link: as many as there are servers. */
  mdnsServicesMax: 1024,
  /** Of these, those of one sender: enough for some dozen nodes on one machine. */
  mdnsServicesPerSourceMax: 128,
  /** Known answers in one question, 70 bytes each; nodes beyond it answer needlessly once. */
  mdnsKnownAnswersMax: 256,
  /** Services whose missing records are asked for in one packet. */
  mdnsFollowUpsMax: 8,
  /** Devices of a tailnet that are examined: a plan for a large company has some thousand. */
  tailnetDevicesMax: 4096,
  /** Names for DNS discovery, and addresses that one of them resolves to: a hundred fit. */
  dnsNamesMax: 8,
  dnsPlacesMax: 128,
  /**
   * Nodes that are stored for the next start, 100 bytes each; of these, those of one machine. One
   * node is enough to find the rest of a cluster.
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
  /** Resources and metadata of a server that an operator sets, each. */
  resourcesMax: 16,
  metadataMax: 16,
  metadataCharactersMax: 256,
  /** Names of servers, tanks and clusters. */
  nameCharactersMax: 64,
  descriptionCharactersMax: 512,
  /** Aliases of a node for tanks; stored as one value of its journal, 200 bytes each. */
  aliasesMax: 256,
  /** Tanks of one node that it may announce to others; more are counted but not listed. */
  tanksAnnouncedMax: 256,
  /** Tanks that one node hosts. Two cores run about a thousand in real time. */
  tanksMax: 4096,
  /** Simulation threads of one node: more than present machines have cores. */
  threadsMax: 256,
  /** Founders of a new tank and fish of one spawn command. */
  foundersMax: 10_000,
  /** A tank's state, unpacked: `foundersMax` fish take 45 MB, and restored fish may exceed that. */
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
   * Requests to the replay service that wait while one is executed: enough for a few users of the
   * slider.
   */
  replayRequestsMax: 8,
  /** Portions of one feed command. */
  portionsMax: 1000,
  /**
   * Tick rates of a tank, besides 0 for as fast as possible. Slower than one tick in ten seconds is
   * a pause; faster than the maximum a small tank cannot run beside others.
   */
  tickRateMin: 0.1,
  tickRateMax: 1000,
  connectionsMax: 4096,
  /** Destinations of one connection, and tanks of a topology: a large archipelago. */
  destinationsMax: 256,
  /** Fish that leave by one draw of a connection: a tank of default size holds a hundred. */
  migrantsPerDrawMax: 100,
  /** The highest rate of a connection, in fish per minute: what a destination accepts of a node. */
  connectionRateMax: 6000,
  /** Outgoing transfers of one node without a decision; beyond it no fish leaves. */
  outboxOpenMax: 4096,
  /**
   * Rows kept in the outbox and in the inbox, a few hundred bytes each, for users to look up. Rows
   * that the protocol needs are kept beyond it.
   */
  transfersKeptMax: 20_000,
  /**
   * Lines in the log about changes by holders of the control token: each of theirs counts, and a
   * script may feed a thousand tanks at once.
   */
  orderLinesPerSecond: 50,
  orderLinesBurst: 2000,
  /** Lines about settled transfers, and about decided ones: a storm has thousands a second. */
  transferLinesPerSecond: 50,
  transferLinesBurst: 2000,
  /** The same of what strangers cause, all together: 20 MB a day under a flood. */
  strangerLinesPerSecond: 1,
  strangerLinesBurst: 60,
  /** Concurrent requests with one transfer to one destination. */
  transfersInFlightPerPeerMax: 8,
  /** Concurrent requests with many; what waits for the next one is its batch. */
  batchesInFlightPerPeerMax: 4,
  /** Transfers of one request. A fish takes 3 kB of it, so bytes end a batch first. */
  transfersPerBatchMax: 64,
  /** Base64 of a batch's records: with the rest it stays within a request's body. */
  batchRecordCharactersMax: 192 * 1024,
  /** The highest inbound quota of a node and tank: ten times what two cores can decide. */
  inboundTransfersMax: 100_000,
  /**
   * Transfers and aborts that are being decided; of these, those of one node, which asks for 256 at
   * a time, and again when an answer takes too long.
   */
  inboundTransfersUnderwayMax: 4096,
  inboundTransfersUnderwayPerNodeMax: 512,
  /** Token buckets of (node, tank) pairs; the least recently used one is evicted. */
  inboundBucketsMax: 4096,
  /**
   * Decisions on transfers of nodes that are not of the cluster that an operator may have kept, 500
   * bytes each, and pairs of tanks with theirs, some 300 bytes each.
   */
  strangerRowsMax: 100_000,
  /** (source tank, destination tank) pairs whose lowest undecided transfer is kept in memory. */
  pairsRememberedMax: 4096,
  /** Other nodes whose journal position is kept, 300 bytes each: as many as there are servers. */
  positionsRememberedMax: 1024,
  /** Refused starts of nodes, each the later of two; the oldest are evicted. */
  clonesRememberedMax: 256,
  /**
   * Concurrent examinations of two starts of one node: enough for a class that restarts at once.
   */
  examinationsMax: 64,
  /** Statements of fish partners in one message to the hub: 3.4 kB, and 2 ms to verify. */
  positionsPerReportMax: 16,
  /** Nodes about which a hub keeps reports of others, at most 1 kB each. */
  reportedNodesMax: 4096,
  /** Reported statements kept per node, and shown to it: one for each of its latest starts. */
  positionsToldMax: 4,
  /** Rows in one answer of a list route. */
  listRowsMax: 1000,
  /** Commands of one tank that wait for the simulation or the disk. */
  commandsWaitingMax: 4096,
  /** Remote sides remembered beyond those that are connected, until the next look: 0.5 MB. */
  connectionsHeardMax: 4096,
  /** Connections that the operator may allow one address, which has no more ports than that. */
  connectionsPerAddressMax: 65_535,
  /** WebSocket viewers of one node; of these, those of one address. 3,000 were tested. */
  viewersMax: 10_000,
  viewersPerSourceMax: 2500,
  /** Those of other nodes' tanks, each with a connection to the host: a lecture hall. */
  relayedViewersMax: 512,
  /** Of these, those of one address, and those to one host, which may lie about its tanks. */
  relayedViewersPerSourceMax: 128,
  relayedViewersPerHostMax: 128,
  /** A viewer with more buffered bytes is closed. */
  viewerBacklogBytesMax: 1 << 20,
  /**
   * Messages, pings and pongs of a connection per second, and as many at once. A viewer answers a
   * ping a minute; other programs may greet. A tunnel carries frames for `tunnelViewersMax` and
   * pieces of answers; so many take a hundredth of a core.
   */
  viewerMessagesPerSecond: 32,
  tunnelMessagesPerSecond: 8192,
  /** Messages of viewers are ignored; longer ones close the connection. */
  viewerMessageBytesMax: 1024,
  /** Requests per second of one address to the state-changing peer routes, and the burst. */
  peerRequestsPerSecond: 200,
  peerRequestsBurst: 400,
  /** Token buckets of addresses; the least recently seen one is evicted. */
  addressesTrackedMax: 4096,
  /** Names under which tanks of other nodes were found lately, 300 bytes each. */
  placesRememberedMax: 4096,
  /** Answers kept for repeated `Idempotency-Key`s; the oldest are evicted. */
  idempotencyKeysMax: 1024,
  /** One of these keys: a UUID has 36. */
  idempotencyKeyCharactersMax: 255,
  /** Events of settled transfers kept per node before they are folded into counters. */
  transferEventsMax: 100_000,
} as const;
