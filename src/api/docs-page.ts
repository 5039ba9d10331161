/** The part of an OpenAPI document that the page uses; the routes generate the document. */
export interface DocumentedApi {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths?: object;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly unknown[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, unknown>>;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const METHODS = ["get", "post", "patch", "delete"] as const;

/** Renders the routes as one page without scripts. */
export function renderDocs(api: DocumentedApi): string {
  const groups = Map.groupBy(entriesOf(api), ({ operation }) => operation.tags?.[0] ?? "other");
  const sections = [...groups].map(
    ([tag, entries]) => `<h2>${escapeHtml(tag)}</h2>${entries.map(renderEntry).join("")}`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(api.info.title)}: HTTP API</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs.css"></head>
<body><main>
<h1>${escapeHtml(api.info.title)} <small>${escapeHtml(api.info.version)}</small></h1>
<p>Generated from <a href="/openapi.json">/openapi.json</a>. Routes marked
<small class="token">token</small> take the control token as <code>Authorization: Bearer</code>.
Errors are problem+json (RFC 9457).</p>
${sections.join("\n")}
</main></body></html>
`;
}

function entriesOf(api: DocumentedApi): Entry[] {
  return Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation: Operation | undefined = item[method];
      return operation === undefined ? [] : [{ method, path, operation }];
    }),
  );
}

function renderEntry({ method, path, operation }: Entry): string {
  const isControlled = operation.security?.every((one) => "controlToken" in one) ?? false;
  const needsToken = isControlled && operation.security?.length !== 0;
  const key = needsToken ? ' <small class="token">token</small>' : "";
  const answers = Object.entries(operation.responses ?? {});
  const isRefusal = ([status]: readonly [string, unknown]) => /^([45]|default)/.test(status);
  const details = [
    block("Parameters", operation.parameters),
    block("Body", operation.requestBody),
    block("Answers", Object.fromEntries(answers.filter((one) => !isRefusal(one)))),
    `<h3>Problems</h3><p>${answers
      .filter(isRefusal)
      .map(([status]) => status)
      .join(", ")}</p>`,
  ];
  return `<details><summary>
<b class="${method}">${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code>${key}
<span class="what">${escapeHtml(operation.summary ?? "")}</span>
</summary>${details.join("")}</details>`;
}

function block(title: string, value: unknown): string {
  if (value === undefined) return "";
  return `<h3>${title}</h3><pre>${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export const DOCS_STYLE = `
:root { color-scheme: dark; }
body { margin: 0; background: #06141f; color: #cfe4ee; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
a { color: #5cc8e8; }
h1 small { color: #7f9dac; font-size: 1rem; }
h2 { margin: 2rem 0 .5rem; text-transform: capitalize; }
h3 { margin: .8rem 0 .2rem; font-size: .8rem; color: #7f9dac; text-transform: uppercase; }
details { border: 1px solid #16384b; border-radius: 6px; margin: .3rem 0; background: #0a1e2c; }
summary { cursor: pointer; padding: .45rem .7rem; overflow-wrap: anywhere; }
details > h3, details > pre, details > p { margin-left: .8rem; margin-right: .8rem; }
pre { overflow-x: auto; padding: .6rem; background: #04101a; border-radius: 4px; font-size: 12px; }
.token { border: 1px solid; border-radius: 8px; padding: 0 .4rem; color: #f0b95b; }
.what { color: #7f9dac; margin-left: .4rem; }
.get { color: #6fd08c; } .post { color: #f0b95b; } .delete { color: #f07f76; }
`;
