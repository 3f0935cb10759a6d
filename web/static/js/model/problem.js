// What went wrong, with the code that everything switches on.

export class Problem extends Error {
  /**
   * @param {string} code one of the protocol's codes, or "offline": the server was not reached
   * @param {string} [message] for people, in the server's words
   * @param {number} [retryMs] when trying again makes sense
   */
  constructor(code, message = code, retryMs = 0) {
    super(message);
    this.code = code;
    this.retryMs = retryMs;
  }
}

/** Codes that say nothing about the request itself: the same again may succeed. */
const PASSING = new Set(["offline", "unavailable", "rate_limited", "internal", "conflict"]);

/** @param {unknown} err @returns {boolean} */
export const passes = (err) => err instanceof Problem && PASSING.has(err.code);

/** @param {unknown} err @returns {Problem} */
export const asProblem = (err) => (err instanceof Problem ? err : new Problem("internal", String(err)));
