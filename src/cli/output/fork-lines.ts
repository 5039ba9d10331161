import type { ForkReport } from "../../node/fork/fork-node.ts";
import { count } from "./words.ts";

/** The result of `--fork`, in lines for users. */
export function forkLines(report: ForkReport): readonly string[] {
  const { from_node_id, node_id, tanks, lost_tank_ids, fish_left_behind } = report;
  const lines = [`Forked: this directory was node ${from_node_id} and is now node ${node_id}.`];
  for (const { name, from_tank_id, tank_id, fish, tick, warnings } of tanks) {
    lines.push(
      `Tank ${name}: ${from_tank_id} is now ${tank_id}, with ${count(fish, "fish", "fish")} ` +
        `at tick ${tick}.`,
    );
    for (const warning of warnings) lines.push(`Tank ${name}: ${warning}`);
  }
  if (fish_left_behind > 0) {
    lines.push(
      `${count(fish_left_behind, "fish", "fish")} in transit to other tanks belong to the ` +
        "original node.",
    );
  }
  for (const tankId of lost_tank_ids) {
    lines.push(`The database had lost the tank ${tankId}; there was nothing to copy.`);
  }
  return lines;
}
