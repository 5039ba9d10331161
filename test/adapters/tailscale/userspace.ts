import { LocalApis } from "../../../src/adapters/tailscale/local-apis.ts";
import { Tailnet } from "../../../src/adapters/tailscale/tailnet.ts";
import { FakeLocalApi } from "./fake-local-api.ts";

/** A device of the tailnet, and another address of it. */
export const DEVICE = "100.64.0.2";
export const DEVICE_IPV6 = "fd7a:115c:a1e0::2";

/** A machine without an interface in its tailnet; port 8000 of a device leads to `port` here. */
export async function userspaceTailnet(port: number) {
  const api = await new FakeLocalApi().start();
  for (const host of [DEVICE, DEVICE_IPV6]) api.places.set(`${host}:8000`, port);
  const localApis = new LocalApis({ socket: api.socket, platform: "linux" });
  const tailnet = new Tailnet({ addresses: () => [] }, undefined, localApis);
  await tailnet.meet();
  api.asked.splice(0);
  return { api, tailnet };
}
