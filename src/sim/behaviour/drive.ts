/** What moves a fish in a tick: the first layer of behaviour that had something for it to do. */
export const DRIVE = {
  idle: 0,
  food: 1,
  /** Stands at food and eats. */
  resting: 2,
  threat: 3,
  /** Heads for a place where it remembers food. */
  recall: 4,
  poker: 5,
  social: 6,
  wander: 7,
} as const;

export const DRIVES = Object.keys(DRIVE);
