import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lab } from "../support/lab.ts";
import type { Node } from "../support/node.ts";

/** Programs that stand in front of several servers, as their manuals say. */
export const BALANCERS = ["nginx", "haproxy"] as const;
export type Balancer = (typeof BALANCERS)[number];

export interface Balanced {
  readonly balancer: Balancer;
  readonly pool: readonly Node[];
  /** Whether the servers see the name that the client has asked for. */
  readonly keepsHost: boolean;
}

const PORT = 8000;

export function whyNoBalancer(balancer: Balancer): string | undefined {
  return find(balancer) === null ? `${balancer} is missing` : undefined;
}

export function balancerProgram(balancer: Balancer): string {
  return find(balancer) ?? balancer;
}

function find(balancer: Balancer): string | null {
  return Bun.which(balancer, { PATH: SEARCHED });
}

/** Debian keeps servers where not everybody's PATH leads. */
const SEARCHED = `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin`;

/** Runs it on a machine of its own, at port 8000. Returns how to remove its files. */
export function balance(lab: Lab, machine: Node, how: Balanced): () => void {
  const directory = mkdtempSync(join(tmpdir(), "tankd-balancer-"));
  const config = join(directory, "config");
  const program = balancerProgram(how.balancer);
  writeFileSync(config, how.balancer === "nginx" ? nginx(how, directory) : haproxy(how));
  const command =
    how.balancer === "nginx"
      ? [program, "-c", config, "-e", join(directory, "error.log")]
      : [program, "-db", "-f", config];
  lab.run(machine, command);
  return () => rmSync(directory, { recursive: true, force: true });
}

function nginx({ pool, keepsHost }: Balanced, directory: string): string {
  const servers = pool.map(({ authority }) => `server ${authority};`).join(" ");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join("\n");
  return `
    daemon off; worker_processes 1; pid ${directory}/pid;
    events {}
    http {
      access_log off;
      ${temporary}
      upstream pool { ${servers} }
      map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
      server {
        listen ${PORT};
        location / {
          proxy_pass http://pool;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          ${keepsHost ? "proxy_set_header Host $http_host;" : ""}
        }
      }
    }`;
}

function haproxy({ pool, keepsHost }: Balanced): string {
  const servers = pool.map(({ number, authority }) => `server s${number} ${authority}`).join("\n");
  return `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend in
  bind :${PORT}
  default_backend pool
backend pool
  balance roundrobin
  ${keepsHost ? "" : "http-request set-header Host pool.internal"}
${servers}
`;
}
