/** The two functions of dns-packet that are used; `message.ts` checks what comes out of `decode`. */
declare module "dns-packet" {
  export function encode(packet: object): Uint8Array;
  export function encodingLength(packet: object): number;
  /** @throws on bytes that are no packet. */
  export function decode(bytes: Buffer): unknown;
}
