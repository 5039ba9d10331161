/**
 * The list of devices of a control server, for one machine: `bun devices-api.ts PORT ADDRESS…`
 * lists devices with these addresses.
 */
const [port, ...addresses] = process.argv.slice(2);

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  fetch: () =>
    Response.json({
      devices: addresses.map((address) => ({ addresses: [address], connectedToControl: true })),
    }),
});
