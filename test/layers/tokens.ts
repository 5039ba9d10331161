/**
 * A small tokenizer for TypeScript: enough to tell code from comments, strings, templates and
 * regular expressions, so that a rule about names is never triggered by prose. It does not parse.
 */
export interface Token {
  /** `word`: identifier, keyword or number. `string`: the content of a literal without `${}`. */
  readonly kind: "word" | "punctuation" | "string" | "template" | "regex";
  /** The text; for a string its content without the quotes. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** After these words a slash begins a regular expression; after any other word it divides. */
const WORDS_BEFORE_REGEX = new Set(
  "return typeof case in of do else void delete throw new instanceof await yield".split(" "),
);

const WORD = /[\p{ID_Start}\d$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const STRING = /"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y;
const OPERATORS = /\?\.(?!\d)|\*\*|=>|\.\.\./y;

export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** For each open `{` whether it is the `${` of a template. */
  const braces: boolean[] = [];
  let position = source.startsWith("#!") ? source.indexOf("\n") : 0;
  let line = 1;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(source)?.[0];
  };
  const take = (text: string, kind?: Token["kind"], shown = text) => {
    if (kind) tokens.push({ kind, text: shown, line });
    for (const character of text) if (character === "\n") line++;
    position += text.length;
  };
  const takeTemplate = () => {
    const text = match(TEMPLATE_TEXT) ?? "";
    take(text, "template");
    if (source.startsWith("${", position)) {
      braces.push(true);
      take("${", "punctuation");
    } else {
      take("`");
    }
  };

  while (position < source.length) {
    const character = source.charAt(position);
    const comment = match(LINE_COMMENT) ?? match(BLOCK_COMMENT);
    const string = match(STRING);
    const word = match(WORD);
    const regex = regexMayFollow(tokens.at(-1)) ? match(REGEX) : undefined;
    if (comment !== undefined) take(comment);
    else if (/\s/.test(character)) take(character);
    else if (string !== undefined) take(string, "string", string.slice(1, -1));
    else if (character === "`") {
      take("`");
      takeTemplate();
    } else if (character === "}" && braces.pop() === true) {
      take("}", "punctuation");
      takeTemplate();
    } else if (regex !== undefined) take(regex, "regex");
    else if (word !== undefined) take(word, "word");
    else {
      if (character === "{") braces.push(false);
      take(match(OPERATORS) ?? character, "punctuation");
    }
  }
  return tokens;
}

function regexMayFollow(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "word") return WORDS_BEFORE_REGEX.has(previous.text);
  return previous.kind === "punctuation" && !")]}".includes(previous.text);
}

/** The text of a punctuation token. */
export function punctuation(token: Token | undefined): string | undefined {
  return token?.kind === "punctuation" ? token.text : undefined;
}

/** `x.fetch` is somebody's member; `globalThis.fetch` is the global. */
export function isMemberName(tokens: readonly Token[], at: number): boolean {
  const previous = punctuation(tokens[at - 1]);
  if (previous !== "." && previous !== "?.") return false;
  const owner = tokens[at - 2]?.text;
  return owner !== "globalThis" && owner !== "self" && owner !== "window";
}
