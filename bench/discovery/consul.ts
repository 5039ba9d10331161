/**
 * The tests' double of a Consul agent as a program: `bun bench/discovery/consul.ts PORT`.
 */
import { createRealPlatform } from "../../src/platform/real/platform.ts";
import { serveDouble } from "../../test/adapters/consul/double/reach.ts";
import { ConsulDouble } from "../../test/adapters/consul/double.ts";

const double = new ConsulDouble(createRealPlatform());
serveDouble(double, { hostname: "0.0.0.0", port: Number(process.argv[2]) });
