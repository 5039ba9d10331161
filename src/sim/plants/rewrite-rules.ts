/** What the axiom and rule genes of a plant choose from: see l-system.ts for the letters. */
export const AXIOMS = ["F", "FF", "F[+F][-F]", "[+F]F[-F]"] as const;

export const RULES = [
  "F[+F]F[-F]F",
  "F[+F]F[-F][F]",
  "F[+F][-F]F",
  "F[+F]F",
  "F[-F]F",
  "FF[+F][-F]",
  "F-[[F]+F]+F",
  "FF",
] as const;
