import type { Side } from "../../sim/types.ts";
import type { JournalWrite } from "../../store/journal.ts";
import type { EntityType } from "../../store/rows.ts";

/**
 * What the transfer engine does not know of what it carries: how it leaves a tank, enters one and
 * comes back. Each of the three is one durable transaction, together with the writes that the
 * engine returns for its result: the row of outbox or inbox.
 */
export interface Payload {
  /** The longest record that a destination reads. */
  readonly recordBytesMax: number;
  /** The content of a record, without a tank. */
  read(record: Uint8Array): RecordReading;
  /** Takes it out of its tank. Commits nothing where it is not there (any more). */
  seal(order: SealOrder, alongside: (sealed: Uint8Array) => readonly JournalWrite[]): Promise<void>;
  /** Lets it into a tank, or refuses it: `alongside` is called once, also for a refusal. */
  import(order: ImportOrder, alongside: (entry: Entry) => readonly JournalWrite[]): Promise<void>;
  /** Puts it back where it was; its result is why that is not possible, without any write. */
  restore(order: RestoreOrder, alongside: () => readonly JournalWrite[]): Promise<Barrier>;
}

/** Each kind of payload under the name that it has on the wire and in the journal. */
export type Payloads = Readonly<Record<EntityType, Payload>>;

/** The entity id of a record, or why no tank accepts it. */
export type RecordReading =
  | { readonly entityId: string }
  | { readonly entityId: undefined; readonly reason: string };

export interface SealOrder {
  readonly tankId: string;
  readonly entityId: string;
  /** The wall by which it leaves. */
  readonly side: Side;
  /** Of a copy, which was read and not taken. */
  readonly record?: Uint8Array | undefined;
}

export interface ImportOrder {
  readonly tankId: string;
  readonly record: Uint8Array;
  /** The wall by which it enters. */
  readonly side: Side;
  /** Whether it may take the place of another one in a full tank. */
  readonly mayReplace: boolean;
}

export interface RestoreOrder {
  readonly tankId: string;
  readonly record: Uint8Array;
}

/** The tank's answer to an import; `refusal` is null where the entity lives there now. */
export interface Entry {
  readonly refusal: string | null;
  readonly epoch: number;
}

/** Why a restore is not possible; undefined when it has happened. */
export type Barrier = { readonly reason: string; readonly detail: string } | undefined;
