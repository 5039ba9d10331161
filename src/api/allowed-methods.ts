/** A route in Hono's list; `ALL` is middleware. */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
}

/** The methods that routes accept on this path, for `Allow` (RFC 9110 §10.2.1). */
export function allowedMethods(routes: readonly ListedRoute[], path: string): string[] {
  const methods = new Set<string>();
  for (const route of routes) {
    if (route.method === "ALL" || !fits(route.path, path)) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods].sort();
}

/** Matches by segment; `:name` matches any one. Patterns with a regular expression never match. */
function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((segment, at) =>
      segment.startsWith(":") ? !segment.includes("{") && given[at] !== "" : segment === given[at],
    )
  );
}
