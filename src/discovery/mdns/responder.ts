import { Bonjour, type Browser, type Service } from "bonjour-service";
import type { Cancel, Timers } from "../../platform/timers.ts";
import { type DnsRecord, goodbyeOf, SERVICE_TYPE } from "./records.ts";

export interface ResponderEvents {
  readonly onService: (service: Service) => void;
  readonly onError: (error: unknown) => void;
}

/** RFC 6762 section 8.3: at least two unsolicited announcements, one second apart. */
const REPEAT_ANNOUNCEMENT_MS = 1_000;
/** Asked again soon after the start: the first question may get lost while links come up. */
const QUESTION_DELAYS_MS = [150, 400, 1_000];

/**
 * mDNS on one network interface, named by its IPv4 address: Bun joins a group on the wrong interface
 * when it is named otherwise, and the system sends from one interface unless told (FACTS, mDNS).
 *
 * bonjour-service's own `publish` announces every address of every interface and shares its goodbye
 * with all services of the type, so the records are ours and go to its responder directly.
 */
export class Responder {
  readonly #bonjour: Bonjour;
  readonly #timers: Timers;
  readonly #events: ResponderEvents;
  #records: readonly DnsRecord[] = [];
  #browser: Browser | undefined;
  readonly #cancels = new Set<Cancel>();
  #closed = false;

  constructor(interfaceAddress: string, timers: Timers, events: ResponderEvents) {
    this.#timers = timers;
    this.#events = events;
    // All interfaces' responders bind the wildcard: a socket bound to an address hears no multicast.
    const options: object = { interface: interfaceAddress, bind: "0.0.0.0" };
    this.#bonjour = new Bonjour(options, events.onError);
    const { mdns } = this.#server;
    // Without listeners an "error" of the socket would end the process.
    mdns.on("error", events.onError);
    mdns.on("warning", () => {});
  }

  /** Announces these records from now on, instead of those before. */
  announce(records: readonly DnsRecord[]): void {
    const server = this.#server;
    const names = new Set(records.map(({ type, data }) => `${type} ${JSON.stringify(data)}`));
    const gone = this.#records.filter(
      ({ type, data }) =>
        (type === "A" || type === "AAAA") && !names.has(`${type} ${JSON.stringify(data)}`),
    );
    server.unregister(this.#records.map(mutable));
    server.register(records.map(mutable));
    this.#records = records;
    if (gone.length > 0) this.#send(goodbyeOf(gone));
    this.#send(records);
    this.#after(REPEAT_ANNOUNCEMENT_MS, () => this.#send(this.#records));
  }

  /** Looks for services; each one that answers is reported, known or not. */
  browse(): void {
    this.#question();
    for (const delayMs of QUESTION_DELAYS_MS) this.#after(delayMs, () => this.#browser?.update());
  }

  /** Asks anew; everybody who answers is reported again. */
  refresh(): void {
    this.#question();
  }

  /** Says goodbye and closes the socket. */
  async close(): Promise<void> {
    if (this.#closed) return;
    for (const cancel of this.#cancels) cancel();
    this.#browser?.stop();
    if (this.#records.length > 0) {
      await this.#sent(goodbyeOf(this.#records));
    }
    this.#closed = true;
    await new Promise<void>((resolve) => {
      this.#bonjour.destroy(resolve);
      // The socket of an interface that went away does not always report that it is closed.
      this.#timers.after(200, resolve);
    });
  }

  /** A fresh browser, because one reports a service that it knows only when it has changed. */
  #question(): void {
    this.#browser?.stop();
    const browser = this.#bonjour.find({ type: SERVICE_TYPE });
    browser.on("up", this.#events.onService);
    browser.on("txt-update", this.#events.onService);
    browser.on("srv-update", this.#events.onService);
    this.#browser = browser;
  }

  #send(records: readonly DnsRecord[]): void {
    void this.#sent(records);
  }

  /** Resolves when the packet is out, or is known not to be. Errors are those of the network. */
  #sent(records: readonly DnsRecord[]): Promise<void> {
    if (this.#closed || records.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#timers.after(200, resolve);
      try {
        this.#server.mdns.respond(records, () => resolve());
      } catch (error) {
        // The socket of an interface that has just gone.
        resolve();
        this.#events.onError(error);
      }
    });
  }

  #after(delayMs: number, task: () => void): void {
    const cancel = this.#timers.after(delayMs, () => {
      this.#cancels.delete(cancel);
      if (this.#closed) return;
      try {
        task();
      } catch (error) {
        this.#events.onError(error);
      }
    });
    this.#cancels.add(cancel);
  }

  get #server() {
    return this.#bonjour["server"];
  }
}

/** The library's type of a record, of whose fields it changes none. */
function mutable(record: DnsRecord) {
  return { ...record, data: record.data };
}
