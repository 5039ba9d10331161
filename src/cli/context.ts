import type { Command } from "commander";
import type { ResolvedSettings } from "../node/settings/resolve.ts";
import type { SettingKey } from "../node/settings/table.ts";
import type { Host } from "./host.ts";
import { withTypedCommands } from "./invocation.ts";
import { NodeClient } from "./node-access/client.ts";
import { findNode } from "./node-access/node-lookup.ts";
import { flagsOf } from "./options.ts";
import { formatJson } from "./output/answer.ts";
import { readSecret, settingsOf } from "./settings-sources.ts";

const COLOURS = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 } as const;

/** The environment of a command's action. */
export class CliContext {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Prints the requested output on stdout. */
  print(text: string): void {
    this.host.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  printJson(value: unknown): void {
    this.print(formatJson(value));
  }

  /** Prints one line for people on stderr. */
  say(message: string): void {
    this.host.stderr.write(`tankd: ${this.asTyped(message)}\n`);
  }

  /** The message with its commands (`…: tankd stop`) as they can be typed where it is read. */
  asTyped(message: string): string {
    const { program, commandLine } = this.host;
    return withTypedCommands(message, program, commandLine);
  }

  /** Adds colour on a terminal, unless NO_COLOR is set (https://no-color.org). */
  paint(colour: keyof typeof COLOURS, text: string): string {
    const { environment, stdout } = this.host;
    if (!stdout.isTerminal || environment["NO_COLOR"]) return text;
    return `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
  }

  settings(command: Command, keys?: readonly SettingKey[]): ResolvedSettings {
    return settingsOf(this.host, flagsOf(command), keys);
  }

  /** Whether `--json` was given. */
  wantsJson(command: Command): boolean {
    return command.optsWithGlobals()["json"] === true;
  }

  /**
   * The node that this command addresses, after it has proven its identity.
   * @throws Problem `no_node`, `impostor`
   */
  async node(command: Command): Promise<NodeClient> {
    const { values } = this.settings(command, ["dataDir", "url"]);
    if (values.url === undefined) {
      const found = await findNode(this.host, values.dataDir);
      return new NodeClient(this.host.network, found.url, found.token);
    }
    return new NodeClient(this.host.network, values.url, this.givenToken(command));
  }

  /** The control token of another node, if one was given. */
  givenToken(command: Command): string | undefined {
    const tokenFile: unknown = command.optsWithGlobals()["tokenFile"];
    if (typeof tokenFile !== "string") return this.settings(command, ["token"]).values.token;
    return readSecret(this.host, tokenFile, "--token-file").trim();
  }
}
