import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { CommandFailure } from "../../failure.ts";
import { addSettingOptions, NODE_SETTINGS } from "../../options.ts";
import { count } from "../../output/words.ts";
import type { Check } from "./check.ts";

const FOUND = 1;

/** `tankd doctor`: diagnoses problems and suggests remedies. */
export function defineDoctor(doctor: Command, context: CliContext): void {
  doctor
    .addHelpText(
      "after",
      `
With a running node it is asked, and lets others dial it; without one this machine is looked at as
a start with the given settings would find it.
Exit codes: 1 when something fails, 0 otherwise; what is only doubtful (warn) is no failure.`,
    )
    .action(async (_options: unknown, command: Command) => {
      const { diagnose } = await import("./diagnose.ts");
      const checks = await diagnose(context, command);
      const failed = checks.filter(({ result }) => result === "fail");
      const ok = failed.length === 0;
      if (context.wantsJson(command)) context.printJson({ ok, checks });
      else show(context, checks);
      if (!ok) throw new CommandFailure(count(failed.length, "finding"), FOUND);
    });
  addSettingOptions(doctor, NODE_SETTINGS);
}

const COLOURS = { ok: "green", warn: "yellow", fail: "red", unknown: "dim" } as const;
const WIDTH = Math.max(...Object.keys(COLOURS).map((word) => word.length)) + 2;

/** A line for each check, with its remedy below. */
function show(context: CliContext, checks: readonly Check[]): void {
  for (const { result, what, mend } of checks) {
    const space = " ".repeat(WIDTH - result.length);
    context.print(`${context.paint(COLOURS[result], result)}${space}${context.asTyped(what)}`);
    if (mend !== null) context.print(context.asTyped(`${" ".repeat(WIDTH)}mend: ${mend}`));
  }
  if (checks.some(({ result }) => result === "fail")) return;
  const warnings = checks.filter(({ result }) => result === "warn").length;
  context.print(warnings === 0 ? "No findings." : `No faults, ${count(warnings, "warning")}.`);
}
