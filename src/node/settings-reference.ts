import { type Setting, showValue } from "./setting.ts";
import { fileKeyOf, SETTING_KEYS, SETTINGS } from "./settings.ts";

/**
 * The reference of all settings in Markdown: docs/settings.md, made by `bun deploy/reference.ts`.
 */
export function settingsReference(): string {
  const rows = SETTING_KEYS.map((key) => rowOf(fileKeyOf(key), SETTINGS[key]));
  return `# Settings

Made from \`src/node/settings.ts\` by \`bun deploy/reference.ts\`. A flag wins over the environment,
the environment over the file, the file over the default. The file is \`tankd.toml\` in the working
directory, in \`$XDG_CONFIG_HOME/tankd\` and in \`/etc/tankd\`; what the first leaves out, the next
may say. \`tankd config\` shows every value and its origin. An empty variable counts as unset.

| flag | environment | key in tankd.toml | default | what it is |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function rowOf(fileKey: string, definition: Setting<unknown, unknown>): string {
  const { flag, flagAlias, placeholder, env, secret, kind, help } = definition;
  const value = kind.shape === "switch" || placeholder === undefined ? "" : ` <${placeholder}>`;
  const flags = [flag, flagAlias]
    .filter((one) => one !== undefined)
    .map((one) => code(one + value));
  const variables = env === undefined ? [] : [code(env), ...(secret ? [code(`${env}_FILE`)] : [])];
  const cells = [
    flags.join(", "),
    variables.join(", "),
    secret ? "" : code(fileKey),
    defaultOf(definition),
    `${help}; ${kind.allowed}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function defaultOf(definition: Setting<unknown, unknown>): string {
  if (definition.defaultHelp !== undefined) return definition.defaultHelp;
  const text = showValue(definition, definition.default);
  return text === "" ? "" : code(text);
}

function code(text: string): string {
  return `\`${text}\``;
}
