/**
 * Messages to another thread that are posted in one go: those of one moment travel as one list.
 * Each post costs a structured clone and wakes the other thread up; a list of 64 costs little more
 * than one alone. They are posted at the end of the present job, so none waits.
 */
export function batchedPosts<T>(post: (messages: readonly T[]) => void): (message: T) => void {
  let gathered: T[] = [];
  const flush = () => {
    const messages = gathered;
    gathered = [];
    post(messages);
  };
  return (message) => {
    if (gathered.length === 0) queueMicrotask(flush);
    gathered.push(message);
  };
}
