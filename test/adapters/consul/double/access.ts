import { Refusal } from "./wire.ts";

export interface AccessOptions {
  /** What each token may, like `service:write`; to write is also to read. */
  readonly tokens: Readonly<Record<string, readonly string[]>>;
  /** The same for requests without a token. */
  readonly anonymous?: readonly string[];
}

/** Access control lists with a default policy of deny; without options everybody may everything. */
export class Access {
  readonly #options: AccessOptions | undefined;

  constructor(options: AccessOptions | undefined) {
    this.#options = options;
  }

  callerOf(token: string | undefined): Caller {
    if (!this.#options) return new Caller(undefined, undefined);
    if (token === undefined) return new Caller(this.#options.anonymous ?? [], undefined);
    const permissions = this.#options.tokens[token];
    if (!permissions) throw new Refusal(403, "ACL not found");
    return new Caller(permissions, "8d8cb4d4-0d6c-4bd0-a8d5-7f4b5f0a5f1c");
  }
}

export class Caller {
  readonly #permissions: readonly string[] | undefined;
  /** Names the token in messages; the token itself is never in them. */
  readonly #accessorId: string | undefined;

  constructor(permissions: readonly string[] | undefined, accessorId: string | undefined) {
    this.#permissions = permissions;
    this.#accessorId = accessorId;
  }

  may(permission: string): boolean {
    if (!this.#permissions) return true;
    const more = permission.replace(":read", ":write");
    return this.#permissions.includes(permission) || this.#permissions.includes(more);
  }

  need(permission: string, resource: string): void {
    if (this.may(permission)) return;
    const who = this.#accessorId
      ? `token with AccessorID '${this.#accessorId}'`
      : "anonymous token";
    const hint = this.#accessorId
      ? ""
      : ". The anonymous token is used implicitly when a request does not specify a token.";
    const lacks = `lacks permission '${permission}' on ${JSON.stringify(resource)}`;
    throw new Refusal(403, `Permission denied: ${who} ${lacks}${hint}`);
  }
}
