import { operationIdOf } from "./operation-ids.ts";

/** The parts of an operation that are read or completed here. */
interface Operation {
  operationId?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly in: string }[];
  readonly requestBody?: { required?: boolean; readonly content?: Content };
  security?: Security;
  readonly responses?: Record<string, { readonly description: string; readonly content?: Content }>;
}

type Security = readonly Readonly<Record<string, readonly string[]>>[];
type Content = Readonly<Record<string, { schema?: unknown }>>;

/** The parts of an OpenAPI document that are read or completed here. */
export interface ApiDocument {
  paths?: object;
  servers?: readonly object[];
  components?: { schemas?: object; securitySchemes?: object };
}

const METHODS = ["get", "post", "delete"] as const;
type Method = (typeof METHODS)[number];

const CONTROL = { controlToken: [] };
const SIGNATURE = { nodeSignature: [] };
const PROBLEM_TYPE = "application/problem+json";

const SECURITY_SCHEMES = {
  controlToken: {
    type: "http",
    scheme: "bearer",
    description: "The control token, from the file `token` of the node's data directory",
  },
  nodeSignature: {
    type: "apiKey",
    in: "header",
    name: "signature",
    description: "The signature of another node, over the whole request; see docs/protocol.md",
  },
};

/** Relative to where the document is: a node has many addresses. */
const SERVERS = [
  { url: "/", description: "The node that this document is from" },
  {
    url: "http://{host}:{port}",
    description: "Any node",
    variables: { host: { default: "127.0.0.1" }, port: { default: "8000" } },
  },
];

/** A server record may come from the server itself, from the operator, or from a stranger. */
const REGISTRATION =
  /^\/api\/discovery\/(register|heartbeat\/|unregister\/)|^\/discovery\/(register$|\{server_id\})/;
/** Signed routes between nodes. The proof of a copied key is in the body instead. */
const BETWEEN_NODES =
  /^\/api\/cluster\/(?!copied$)|^\/api\/remote-transfers?$|^\/api\/transfers\/.+\/abort$/;
/** Expensive reads, which are limited per address. */
const SHARED = /^\/gateway\/api\/|\/past\/|^\/ws\//;

const REFUSALS: Readonly<Record<string, string>> = {
  400: "The path, the query or the body is malformed",
  401: "The control token or the signature is missing or wrong",
  403: "The Host or the Origin is not one of ours, or the sender may not do this",
  404: "Nothing has this id",
  409: "It conflicts with what is there",
  413: "The body is too large",
  415: "The body has another type",
  421: "Another node answers this",
  422: "The body is well-formed and impossible",
  429: "A limit has been reached; Retry-After says when to ask again",
};

/**
 * Adds what is the same for all routes: the servers, operation ids, security, and the refusals of
 * the middleware in front of the routes.
 */
export function completeDocument(document: ApiDocument): ApiDocument {
  document.servers = SERVERS;
  document.components = { ...document.components, securitySchemes: SECURITY_SCHEMES };
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation: Operation | undefined = item[method];
      if (operation !== undefined) complete(document, operation, method, path);
    }
  }
  return document;
}

function complete(document: ApiDocument, operation: Operation, method: Method, path: string) {
  operation.operationId = operationIdOf(method, path);
  operation.security ??= securityOf(method, path);
  const { requestBody, responses = {} } = operation;
  if (requestBody && mayBeEmpty(requestBody.content)) requestBody.required = false;
  const problem = problemReference(document, responses);
  for (const status of refusalsOf(operation, method, path)) {
    const description = REFUSALS[status] ?? "A problem";
    responses[status] ??= { description, content: { [PROBLEM_TYPE]: { schema: problem } } };
  }
}

/** Replaces the inline schema of a problem by a reference to one component. */
function problemReference(document: ApiDocument, responses: Operation["responses"]): object {
  const reference = { $ref: "#/components/schemas/Problem" };
  const media = responses?.["default"]?.content?.[PROBLEM_TYPE];
  if (media?.schema === undefined) return reference;
  const schemas = { Problem: media.schema, ...document.components?.schemas };
  document.components = { ...document.components, schemas };
  media.schema = reference;
  return reference;
}

/** Empty: open to all. An empty alternative: credentials are optional. */
function securityOf(method: Method, path: string): Security {
  if (method !== "get" && REGISTRATION.test(path)) return [{}, CONTROL, SIGNATURE];
  if (BETWEEN_NODES.test(path)) return [SIGNATURE];
  return [];
}

function refusalsOf(operation: Operation, method: Method, path: string): readonly string[] {
  const parameters = operation.parameters ?? [];
  const inPath = parameters.some((parameter) => parameter.in === "path");
  const changes = method !== "get";
  // These routes refuse wrong credentials even if they need none.
  const isPeers = operation.tags?.includes("nodes") ?? false;
  const takes = operation.requestBody !== undefined;
  const given: readonly (readonly [status: string, holds: boolean])[] = [
    ["400", parameters.length > 0 || changes],
    ["401", isPeers || (operation.security ?? []).length > 0],
    ["403", true],
    ["404", inPath],
    ["409", changes],
    ["413", changes],
    ["415", changes],
    ["421", isPeers && changes],
    ["422", takes],
    ["429", changes || isPeers || SHARED.test(path)],
  ];
  return given.flatMap(([status, holds]) => (holds ? [status] : []));
}

/** Whether no field of a JSON body is required: an empty body counts as an empty object. */
function mayBeEmpty(content: Content = {}): boolean {
  const schema = content["application/json"]?.schema;
  if (typeof schema !== "object" || schema === null || !("properties" in schema)) return false;
  return !("required" in schema) || !Array.isArray(schema.required) || schema.required.length === 0;
}
