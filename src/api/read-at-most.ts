/** All that a body says; undefined, and the rest is not read, where it has more bytes. */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length);
    length += value.length;
    if (length > bytesMax) {
      void reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
}
