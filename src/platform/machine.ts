/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly internal: boolean;
  /** Prefix length of its network, if known. */
  readonly prefixLength?: number;
  /** Index of the interface, if known: an interface that is re-created gets a new one. */
  readonly interfaceIndex?: number;
  /** Whether the operator chose (true) or excluded (false) the interface; undefined for neither. */
  readonly chosen?: boolean;
}

/** Properties of a machine. */
export interface Machine {
  readonly hostname: string;
  /** `linux`, `darwin`, `win32`, … */
  readonly platform: string;
  /** `x64`, `arm64`, … */
  readonly architecture: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** The present addresses, at most half a second old. A change yields a new list object. */
  addresses(): readonly InterfaceAddress[];
  /** Names and patterns of the operator that match no interface at present. */
  unmatchedInterfaces?(): readonly string[];
  /** Name of the interface with the default route, if known; as old as the addresses. */
  defaultRouteInterface(): string | undefined;
  /** CPU of this process since the last call in percent of one core, and its resident memory. */
  usage(): { readonly cpuPercent: number; readonly residentBytes: number };
  /** Undefined without a limit, or where the system does not tell. */
  descriptors?(): DescriptorUse | undefined;
}

/** Files and connections of this process: how many may be open at a time, and how many are. */
export interface DescriptorUse {
  readonly limit: number;
  readonly open: number;
}

/** A connection that this process has accepted, and its other side. */
export interface AcceptedSocket {
  readonly descriptor: number;
  readonly address: string;
  readonly port: number;
}

export interface AcceptedSockets {
  /** Those to a port of this process. */
  list(localPort: number): readonly AcceptedSocket[];
  /** Bytes that have come over it; undefined where the system does not tell. */
  received(socket: AcceptedSocket): number | undefined;
  /** Ends it in both directions; the part that owns it sees its end and closes it. */
  end(socket: AcceptedSocket): void;
}
