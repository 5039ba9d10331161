import { afterAll, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EtcdAccess } from "../../../src/adapters/etcd/access.ts";
import { EtcdClient } from "../../../src/adapters/etcd/client.ts";
import { EtcdStore } from "../../../src/adapters/etcd/store.ts";
import { until } from "../../support/commands.ts";
import { etcdTest, START_MS } from "./servers.ts";

const OPENSSL = Bun.which("openssl");
const directory = mkdtempSync(join(tmpdir(), "tankd-etcd-tls-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);
const text = (name: string) => readFileSync(at(name), "utf8").trim();

function openssl(...options: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([OPENSSL ?? "openssl", ...options]);
  if (!success) throw new Error(`openssl ${options.join(" ")}: ${stderr.toString()}`);
}

/** An authority, and certificates of it for etcd and for nodes. */
function makeCertificates(): void {
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" ");
  const authority = ["-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", "/CN=ca"];
  openssl("req", "-x509", ...newKey, ...authority, "-days", "10");
  const extensions = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
  writeFileSync(at("extensions"), extensions);
  for (const name of ["server", "client"]) {
    const request = ["-keyout", at(`${name}.key`), "-out", at(`${name}.csr`)];
    openssl("req", ...newKey, ...request, "-subj", `/CN=${name}`);
    const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "10"];
    const made = ["-in", at(`${name}.csr`), "-out", at(`${name}.pem`)];
    openssl("x509", "-req", ...made, ...by, "-extfile", at("extensions"));
  }
}

if (OPENSSL) makeCertificates();
const server = ["--cert-file", at("server.pem"), "--key-file", at("server.key")];
const client = ["--client-cert-auth", "--trusted-ca-file", at("ca.pem")];
const options = { scheme: "https", arguments: [...server, ...client] } as const;

etcdTest(
  "etcd by https, with certificates of both sides",
  options,
  async ({ endpoints }) => {
    const read = (tls: EtcdAccess["tls"], origins = endpoints) =>
      new EtcdStore(
        new EtcdClient(
          { endpoints: origins, namedBy: "ETCD_ENDPOINTS", keys: "/tankd/", ...(tls && { tls }) },
          5_000,
        ),
      ).read({ key: "x" });
    const own = { ca: text("ca.pem"), cert: text("client.pem"), key: text("client.key") };
    await until("etcd answers", START_MS, async () => (await read(own)).revision > 0n);
    await expect(read(undefined)).rejects.toThrow("name its authority in TANKD_ETCD_CA_FILE");
    await expect(read({ ca: own.ca })).rejects.toThrow(
      "it requires TANKD_ETCD_CERT_FILE and TANKD_ETCD_KEY_FILE",
    );
    await expect(read({ ...own, ca: "-----BEGIN NOTHING-----" })).rejects.toThrow(
      "(check TANKD_ETCD_CA_FILE, TANKD_ETCD_CERT_FILE and TANKD_ETCD_KEY_FILE)",
    );
    const others = endpoints.map((origin) => origin.replace("127.0.0.1", "localhost"));
    await expect(read(own, others)).rejects.toThrow("name it as its certificate does");
    const plain = endpoints.map((origin) => origin.replace("https:", "http:"));
    await expect(read(own, plain)).rejects.toThrow("http");
  },
  OPENSSL ? undefined : "openssl is missing",
);
