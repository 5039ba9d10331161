/**
 * Named memory that outlives the process, but not the machine's restart. A name has one writer at
 * a time: the node that holds the lock of its data directory.
 */
export interface SharedMemory {
  /**
   * New memory of that name with so many bytes, all zero; what had the name before has none from
   * then on. Undefined where there is no room, which is no fault.
   */
  create(name: string, bytes: number): ArrayBuffer | undefined;
  /** The memory of that name, itself and no copy. */
  open(name: string): ArrayBuffer | undefined;
  names(): readonly string[];
  /** Gives up a name. Memory that is in use stays until it is not. */
  remove(name: string): void;
}
