import type { OutboxRow } from "../../store/rows.ts";
import type { Answer } from "../transfer/courier.ts";
import { Settlement } from "../transfer/settlement.ts";

/** Reports each delivery once it is durable. */
export class WatchedSettlement extends Settlement {
  readonly #onDelivered: (row: OutboxRow) => void;

  constructor(
    ports: ConstructorParameters<typeof Settlement>[0],
    onDelivered: (row: OutboxRow) => void,
  ) {
    super(ports);
    this.#onDelivered = onDelivered;
  }

  override async record(row: OutboxRow, answer: Answer): Promise<OutboxRow | undefined> {
    const settled = await super.record(row, answer);
    if (settled?.state === "delivered") this.#onDelivered(settled);
    return settled;
  }
}
