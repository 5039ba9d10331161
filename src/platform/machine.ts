/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly internal: boolean;
  /** Bits of its network, where the system tells. */
  readonly prefixLength?: number;
  /** Number of the interface, where the system tells: a card that is re-created gets a new one. */
  readonly interfaceIndex?: number;
  /** Whether the operator named (true) or excluded (false) the interface; undefined for neither. */
  readonly chosen?: boolean;
}

/** What a machine says about itself. */
export interface Machine {
  readonly hostname: string;
  /** `linux`, `darwin`, `win32`, … */
  readonly platform: string;
  /** `x64`, `arm64`, … */
  readonly architecture: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /**
   * Addresses at this moment, half a second old at most; they come and go with the networks. What
   * has changed is a new list.
   */
  addresses(): readonly InterfaceAddress[];
  /** What the operator named of interfaces and none has at this moment; without it nothing. */
  unmatchedInterfaces?(): readonly string[];
  /**
   * Name of the interface that holds the default route, where the system tells; as old as those.
   */
  defaultRouteInterface(): string | undefined;
  /** CPU of this process since the last call in percent of one core, and its resident memory. */
  usage(): { readonly cpuPercent: number; readonly residentBytes: number };
}
