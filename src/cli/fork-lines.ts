import type { ForkReport } from "../node/fork/fork-node.ts";
import { count } from "./words.ts";

/** What `--fork` has done, in lines for people. */
export function forkLines(report: ForkReport): readonly string[] {
  const { from_node_id, node_id, tanks, lost_tank_ids, fish_left_behind } = report;
  const lines = [`Forked: this directory was node ${from_node_id}, it is node ${node_id} now.`];
  for (const { name, from_tank_id, tank_id, fish, tick, warnings } of tanks) {
    lines.push(
      `Tank ${name}: ${from_tank_id} is ${tank_id} now, ` +
        `with ${count(fish, "fish", "fish")} at tick ${tick}.`,
    );
    for (const warning of warnings) lines.push(`Tank ${name}: ${warning}`);
  }
  if (fish_left_behind > 0) {
    lines.push(
      `${count(fish_left_behind, "fish", "fish")} on the way to other tanks ` +
        "left with the original, and stay with it.",
    );
  }
  for (const tankId of lost_tank_ids) {
    lines.push(`The database had lost the tank ${tankId}; nothing of it was there to take over.`);
  }
  return lines;
}
