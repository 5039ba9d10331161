/**
 * What no text may hold that is shown to people on other machines, in terminals too: nothing that
 * ends a line, moves a cursor or turns the direction of reading, and no half of a character.
 */
export const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;
