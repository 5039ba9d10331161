import { ENDPOINT_FORM, ENDPOINTS_MAX, readEndpoint } from "../../adapters/etcd/access.ts";
import { list, text } from "./kinds.ts";
import { setting } from "./setting.ts";
import { pem } from "./values.ts";

/** The etcd that nodes find each other through, and the credentials for it. */
export const ETCD_SETTINGS = {
  etcdEndpoints: setting({
    kind: list(
      text((value) => readEndpoint(value) !== undefined, ENDPOINT_FORM),
      ENDPOINTS_MAX,
    ),
    default: [] as readonly string[],
    flag: "--etcd-endpoints",
    placeholder: "urls",
    env: "ETCD_ENDPOINTS",
    help: "members of the etcd through which nodes find each other",
    defaultHelp: "for --discovery etcd http://127.0.0.1:2379",
  }),
  etcdUser: setting({
    kind: text(/^[^\p{Cc}]{1,256}$/u, "the name of a user of etcd"),
    default: undefined,
    env: "TANKD_ETCD_USER",
    help: "user of etcd, if it requires one",
  }),
  etcdPassword: setting({
    kind: text(/^[^\0]{1,1024}$/, "the password of that user"),
    default: undefined,
    env: "TANKD_ETCD_PASSWORD",
    help: "its password",
    secret: true,
  }),
  etcdCa: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_CA",
    help: "certificate of etcd's certificate authority",
    secret: true,
  }),
  etcdCert: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_CERT",
    help: "client certificate for etcd",
    secret: true,
  }),
  etcdKey: setting({
    kind: pem,
    default: undefined,
    env: "TANKD_ETCD_KEY",
    help: "its private key",
    secret: true,
  }),
} as const;
