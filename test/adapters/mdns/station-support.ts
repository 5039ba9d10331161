import type { Message } from "../../../src/adapters/mdns/message.ts";
import { type DnsRecord, recordsOf, TYPE_NAME } from "../../../src/adapters/mdns/records.ts";
import { Ether, type Member } from "./ether.ts";

export const TYPE_QUESTION = { name: TYPE_NAME, type: "PTR" };
export const STRANGER = { address: "10.0.0.99", port: 5353 };

export function pointer(nodeId: string, ttl = 4500): DnsRecord {
  return { name: TYPE_NAME, type: "PTR", ttl, flush: false, data: `${nodeId}.${TYPE_NAME}` };
}

/** All records of a made-up node. */
export function others(nodeId: string, text: readonly string[], address = "10.0.0.99") {
  const announcement = {
    nodeId,
    cluster: "tankd",
    version: "0",
    role: "worker" as const,
    priority: 1,
    bootId: "b",
    addresses: [{ host: address, port: 80 }],
  };
  return recordsOf(announcement, announcement.addresses).map(
    (one): DnsRecord => (one.type === "TXT" ? { ...one, data: text } : one),
  );
}

export const types = (records: readonly DnsRecord[]) => records.map(({ type }) => type).toSorted();
export const answersOf = (messages: readonly Message[]) =>
  messages.filter(({ isResponse }) => isResponse).flatMap(({ answers }) => answers);

/** A lone node whose start is over: it has announced itself twice and asked twice. */
export async function calm(): Promise<{ ether: Ether; a: Member }> {
  const ether = new Ether();
  const a = ether.join("a");
  await ether.pass(5_000);
  return { ether, a };
}

/** A question with the class bits that dns-packet does not write. */
export function questionBytes(name: string, type: number, klass: number, id = 0): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = [id >> 8, id & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...head, ...labels, 0, 0, type, klass >> 8, klass & 255]);
}
