import { Command } from "commander";
import { sleep } from "../../../platform/timers.ts";
import { escapeUnsafe } from "../../../telemetry/log-format.ts";
import type { CliContext } from "../../context.ts";
import { addSettingOptions, GLOBAL_SETTINGS } from "../../options.ts";
import { ASKED, isAsked, type Word } from "./kinds.ts";

/** A shell waits for no longer. */
const PATIENCE_MS = 1_000;

/**
 * `tankd complete KINDS -- WORDS`: the words of these kinds (`tanks,servers`), for the scripts of
 * `tankd completion`. WORDS are those typed so far; they may say which node is meant. Prints a line
 * for each, with a tab before its description, and nothing where no node answers.
 */
export function defineComplete(complete: Command, context: CliContext): void {
  complete
    .argument("<kinds>", "what to offer")
    .argument("[words...]", "the words typed so far")
    .action(async (kinds: string, typed: readonly string[]) => {
      const asked = wordsFor(context, kinds, typed).catch(() => []);
      const words = await Promise.race([asked, sleep(context.host.timers, PATIENCE_MS)]);
      for (const [word, description] of words ?? []) {
        // A line and a tab have a meaning here, and the names come from other nodes.
        if (escapeUnsafe(word) !== word || word.includes("\t")) continue;
        context.print(`${word}\t${escapeUnsafe(description)}`);
      }
    });
}

async function wordsFor(
  context: CliContext,
  kinds: string,
  typed: readonly string[],
): Promise<readonly Word[]> {
  const given = new Command("tankd").allowUnknownOption().allowExcessArguments();
  given.exitOverride().configureOutput({ writeErr: () => {} });
  given.option("--token-file <file>");
  addSettingOptions(given, GLOBAL_SETTINGS);
  given.parse([...typed], { from: "user" });
  const node = await context.node(given);
  const lists = await Promise.all(
    kinds
      .split(",")
      .filter(isAsked)
      .map((kind) => ASKED[kind](node)),
  );
  return lists.flat();
}
