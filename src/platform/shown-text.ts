/**
 * Characters that are not allowed in text that is shown on other machines, including terminals:
 * those that end a line, move a cursor or change the direction of text, and unpaired surrogates.
 */
export const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;
