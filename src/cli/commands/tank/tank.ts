import type { Command } from "commander";
import type { CommandEntry } from "../../command.ts";
import type { CliContext } from "../../context.ts";
import { addCommands } from "../add-commands.ts";

/** `tankd tank …`, in the order of help. */
export const TANK_COMMANDS: readonly CommandEntry[] = [
  {
    name: "ls",
    describe: "list the tanks of this node",
    examples: [
      ["tankd tank ls", "with population, speed and status"],
      ["tankd tank ls --json", "the same for programs"],
    ],
    load: async () => (await import("./list.ts")).defineTankList,
  },
  {
    name: "create",
    describe: "create a tank",
    examples: [
      ["tankd tank create", "named and seeded by itself"],
      ["tankd tank create --tank-name reef --fish 80 --seed 7", "a world that can be made again"],
      ["tankd tank create --server auto --region eu", "on the least loaded server there"],
    ],
    load: async () => (await import("./create.ts")).defineTankCreate,
  },
  {
    name: "show",
    describe: "show one tank",
    examples: [["tankd tank show reef", "its state, its fish, and how far its past reaches"]],
    load: async () => (await import("./show.ts")).defineTankShow,
  },
  {
    name: "pause",
    describe: "pause tanks: their time stops",
    examples: [
      ["tankd tank pause reef lagoon", "these two"],
      ["tankd tank pause --all", "every running tank of this node"],
    ],
    load: async () => (await import("./pause.ts")).defineTankPause,
  },
  {
    name: "resume",
    describe: "resume paused tanks",
    examples: [["tankd tank resume --all", "every paused tank of this node"]],
    load: async () => (await import("./resume.ts")).defineTankResume,
  },
  {
    name: "speed",
    describe: "set the tick rate of tanks",
    examples: [
      ["tankd tank speed reef 60", "twice the usual 30 ticks a second"],
      ["tankd tank speed reef max", "as fast as it goes"],
      ["tankd tank speed --all 30", "every tank of this node"],
    ],
    load: async () => (await import("./speed.ts")).defineTankSpeed,
  },
  {
    name: "forward",
    describe: "run a number of ticks of tanks as fast as possible",
    examples: [
      ["tankd tank forward reef 108000", "an hour at 30 ticks a second"],
      ["tankd tank forward reef 1", "a single step of a paused tank"],
    ],
    load: async () => (await import("./forward.ts")).defineTankForward,
  },
  {
    name: "feed",
    describe: "drop food into tanks",
    examples: [["tankd tank feed reef --portions 20", "twenty portions"]],
    load: async () => (await import("./feed.ts")).defineTankFeed,
  },
  {
    name: "spawn",
    describe: "add new random fish to tanks",
    examples: [["tankd tank spawn reef --fish 5", "five of them"]],
    load: async () => (await import("./spawn.ts")).defineTankSpawn,
  },
  {
    name: "move",
    describe: "move a tank to another server, with its fish and its past",
    examples: [
      ["tankd tank move reef hub-1", "from this node"],
      ["tankd tank move pi::reef auto", "from another one, to the least loaded"],
    ],
    load: async () => (await import("./move.ts")).defineTankMove,
  },
  {
    name: "export",
    describe: "write a tank's past to one file, to keep, share or replay it anywhere",
    examples: [["tankd tank export reef", "into reef.tank"]],
    load: async () => (await import("./export.ts")).defineTankExport,
  },
  {
    name: "import",
    describe: "create a tank that continues an archived one, with new ids for its fish",
    examples: [["tankd tank import reef.tank", "on this node"]],
    load: async () => (await import("./import.ts")).defineTankImport,
  },
  {
    name: "rm",
    describe: "remove tanks with all their fish",
    examples: [
      ["tankd tank rm reef", "after a question"],
      ["tankd tank rm reef --yes", "without one"],
    ],
    load: async () => (await import("./remove.ts")).defineTankRemove,
  },
];

export function defineTank(tank: Command, context: CliContext): void {
  addCommands(tank, TANK_COMMANDS, context);
}
