import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { run, until } from "../support/commands.ts";
import { requiredTest } from "../support/required-test.ts";
import { Scratch } from "../support/scratch.ts";
import { ALONE, cleanEnvironment, PROMPTLY_MS, TANKD } from "../support/tankd.ts";
import { tankd } from "./local-node.ts";

setDefaultTimeout(60_000);

/** A node with tanks, and a directory with files, for shells that find tankd on PATH. */
const scratch = new Scratch();
const environment = {
  ...cleanEnvironment(scratch.directory),
  PATH: `${scratch.path("bin")}:${process.env["PATH"]}`,
  TANKD_DATA_DIR: scratch.path("data"),
};

beforeAll(async () => {
  mkdirSync(scratch.path("bin"));
  mkdirSync(scratch.path("desk/sub"), { recursive: true });
  symlinkSync(TANKD, scratch.path("bin/tankd"));
  writeFileSync(scratch.path("desk/b c.tank"), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await tankd(scratch, "completion", shell);
    writeFileSync(scratch.path(shell), stdout);
  }
  const here = ["--data-dir", scratch.path("data")];
  await tankd(scratch, "start", "-d", "--name", "home", ...ALONE, ...here);
  for (const name of ["reef", "my lagoon"]) {
    await tankd(scratch, "tank", "create", "--tank-name", name, "--fish", "1", ...here);
  }
});

afterAll(async () => {
  await tankd(scratch, "stop", "--data-dir", scratch.path("data"));
  scratch[Symbol.dispose]();
});

/** What is typed before a tab, and the line that comes of it. */
const LINES = [
  ["tankd disc", "tankd disconnect "],
  ["tankd tank show re", "tankd tank show reef "],
  ["tankd tank show my", "tankd tank show my\\ lagoon "],
  ['tankd tank show "my', 'tankd tank show "my lagoon" '],
  ["tankd connect reef ho", "tankd connect reef home "],
  ["tankd connect reef --dir", "tankd connect reef --direction "],
  ["tankd connect reef home --direction l", "tankd connect reef home --direction left "],
  ["tankd tank create --server ho", "tankd tank create --server home "],
  ["tankd tank create --server=ho", "tankd tank create --server=home "],
  ["tankd tank move reef ho", "tankd tank move reef home "],
  ["tankd drain --to ho", "tankd drain --to home "],
  ["tankd tank import b", "tankd tank import b\\ c.tank "],
  ["tankd run --out s", "tankd run --out sub/"],
  ["tankd --data-dir /nowhere tank show re", "tankd --data-dir /nowhere tank show re"],
] as const;

/** Control-T prints the line that is being edited, and empties it. */
const SHELLS = {
  bash: {
    command: "env PS1= bash --norc -i",
    set: `source ${scratch.path("bash")}; bind 'set enable-bracketed-paste off'
show() { printf 'LINE<%s>\\n' "$READLINE_LINE"; READLINE_LINE=; }
bind -x '"\\C-t": show'`,
  },
  zsh: {
    command: "zsh -f -i",
    set: `PS1=; autoload -U compinit; compinit -u -D; source ${scratch.path("zsh")}
show() { print -r -- "LINE<$BUFFER>"; BUFFER=; }
zle -N show; bindkey '^T' show; unset zle_bracketed_paste; setopt no_beep`,
  },
} as const;

function missing(...programs: readonly string[]): string | undefined {
  const none = programs.find((program) => Bun.which(program) === null);
  return none === undefined ? undefined : `${none} is missing`;
}

/** A shell at a terminal, which `script` (util-linux) makes. */
async function completedBy(shell: keyof typeof SHELLS): Promise<readonly string[]> {
  const { command, set } = SHELLS[shell];
  const child = Bun.spawn(["script", "-qc", command, "/dev/null"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    env: { ...environment, TERM: "xterm" },
    cwd: scratch.path("desk"),
  });
  let said = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) said += new TextDecoder().decode(chunk);
  })();
  const type = async (text: string) => {
    child.stdin.write(text);
    await child.stdin.flush();
  };
  const shown = () => [...said.matchAll(/LINE<(.*)>\r?\n/g)].map(([, line]) => line ?? "");
  try {
    await type(`${set}\necho "re""ady"\n`);
    await until("the shell is ready", PROMPTLY_MS, async () => /^ready/m.test(said));
    const lines: string[] = [];
    for (const [typed] of LINES) {
      const before = shown().length;
      await type(`${typed}\t\u0014`);
      await until(`a line for ${typed}`, PROMPTLY_MS, async () => shown().length > before);
      lines.push(shown().at(-1) ?? "");
    }
    return lines;
  } finally {
    child.kill("SIGKILL");
    await reading;
  }
}

for (const shell of ["bash", "zsh"] as const) {
  const needs = missing("script", shell);
  requiredTest(`${shell} completes tanks, servers and files`, needs, async () => {
    expect(await completedBy(shell)).toEqual(LINES.map(([, line]) => line));
  });
}

requiredTest("fish completes tanks, servers and files", missing("fish"), async () => {
  const offered = async (line: string) => {
    const script = `source ${scratch.path("fish")}; complete -C '${line}'`;
    const options = { env: environment, cwd: scratch.path("desk") };
    const { stdout } = await run(["fish", "--no-config", "-c", script], options);
    return stdout.trimEnd().split("\n").sort();
  };
  expect(await offered("tankd disc")).toEqual([expect.stringMatching(/^disconnect\tremove/)]);
  expect(await offered("tankd tank show re")).toEqual([expect.stringMatching(/^reef\trunning/)]);
  expect(await offered("tankd connect reef ")).toEqual([
    "home\ton this node",
    "my lagoon\ton this node",
    "reef\ton this node",
  ]);
  expect(await offered("tankd tank create --server ho")).toEqual(["home\tonline"]);
  expect(await offered("tankd tank import ")).toEqual(["b c.tank", "sub/"]);
  expect(await offered("tankd --data-dir /nowhere tank show ")).toEqual([""]);
});

test("without a node nothing is offered, and nothing said", async () => {
  const kinds = "tanks,all_tanks,servers,urls,connections";
  for (const words of [[], ["--data-dir", "/nowhere"], ["--data-dir"], ["--url", "no url"]]) {
    expect(await tankd(scratch, "complete", kinds, "--", "tank", ...words)).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
  }
});
