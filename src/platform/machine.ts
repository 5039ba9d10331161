/** One address of one network interface. */
export interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly internal: boolean;
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
  /** Addresses at this moment; they come and go with the networks. */
  addresses(): readonly InterfaceAddress[];
  /** Name of the interface that holds the default route, where the system tells. */
  defaultRouteInterface(): string | undefined;
  /** CPU of this process since the last call in percent of one core, and its resident memory. */
  usage(): { readonly cpuPercent: number; readonly residentBytes: number };
}
