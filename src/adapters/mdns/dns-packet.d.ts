/** The part of dns-packet that is used. `message.ts` checks what `decode` leaves unchecked. */
declare module "dns-packet" {
  export interface DecodedQuestion {
    readonly name: string;
    readonly type: string;
    readonly class: string;
  }

  /** Records like OPT have neither class nor TTL. */
  export interface DecodedRecord {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
    readonly ttl?: number;
    readonly flush?: boolean;
    readonly data?: unknown;
  }

  export interface DecodedPacket {
    readonly id: number;
    readonly type: "query" | "response";
    readonly flag_tc: boolean;
    readonly questions: readonly DecodedQuestion[];
    readonly answers: readonly DecodedRecord[];
    readonly authorities: readonly DecodedRecord[];
    readonly additionals: readonly DecodedRecord[];
  }

  export function encode(packet: object): Uint8Array;
  export function encodingLength(packet: object): number;
  /** @throws on bytes that are not a packet. */
  export function decode(bytes: Buffer): DecodedPacket;
}
