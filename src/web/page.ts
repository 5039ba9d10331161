import { createHash } from "node:crypto";

/** One file of the web page. */
export interface WebFile {
  /** Path of the URL, `/` for the page itself. */
  readonly path: string;
  readonly contentType: string;
  readonly etag: string;
  /** Whether the path contains a hash of the content. */
  readonly hashed: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The files of the page: embedded in the executable by the build or, when run from source, bundled
 * now.
 */
export async function loadPage(): Promise<readonly WebFile[]> {
  // Imported lazily: its manifest alone takes 2.6 MB, and the page of many nodes is never opened.
  const { default: page } = await import("./index.html");
  if (page.files !== undefined) {
    return Promise.all(
      page.files.map(async ({ path, headers }) =>
        webFile(path, headers["content-type"], await Bun.file(path).bytes()),
      ),
    );
  }
  const { outputs } = await Bun.build({ entrypoints: [page.index], minify: true });
  return Promise.all(
    outputs.map(async (output) =>
      webFile(output.path, output.type, new Uint8Array(await output.arrayBuffer())),
    ),
  );
}

/** The bundler refers to files by their bare names, next to the page. */
function webFile(path: string, contentType: string, bytes: Uint8Array<ArrayBuffer>): WebFile {
  const isPage = path.endsWith(".html");
  const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return {
    path: isPage ? "/" : `/${path.slice(path.lastIndexOf("/") + 1)}`,
    contentType,
    etag: `"${digest}"`,
    hashed: !isPage,
    bytes,
  };
}
