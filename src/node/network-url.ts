/** The URL for browsers elsewhere; undefined where only this machine reaches the node. */
export function networkUrlOf(ownUrl: string, advertisedUrl: string): string | undefined {
  const isOwn = advertisedUrl === ownUrl || /^http:\/\/(127\.|\[::1\])/.test(advertisedUrl);
  return isOwn ? undefined : advertisedUrl;
}
