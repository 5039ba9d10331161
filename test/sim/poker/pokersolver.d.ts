declare module "pokersolver" {
  /** Cards as "Ah", "Td", "2c". */
  export class Hand {
    static solve(cards: readonly string[]): Hand;
    static winners(hands: readonly Hand[]): Hand[];
    readonly name: string;
  }
}
