// Text cut into what is a web address, what mentions somebody, and the rest.

/** @typedef {{text: string, href?: string, mention?: boolean}} Piece */

const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/g;
const TRAILING = /[.,;:!?)\]}'"»”’]+$/;

/**
 * @param {string} text
 * @param {string[]} [mentions] what stands behind an @, as written
 * @returns {Piece[]}
 */
export function pieces(text, mentions = []) {
  /** @type {Piece[]} */
  const out = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (!valid(address)) continue;
    out.push(...mentioned(text.slice(end, match.index), mentions), { text: address, href: address });
    end = match.index + address.length;
  }
  out.push(...mentioned(text.slice(end), mentions));
  return out;
}

/** @param {string} address */
function valid(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** @param {string} text @param {string[]} names @returns {Piece[]} */
function mentioned(text, names) {
  if (!text) return [];
  for (const name of names) {
    const i = text.indexOf("@" + name);
    if (name && i >= 0) {
      const end = i + name.length + 1;
      return [...mentioned(text.slice(0, i), names), { text: text.slice(i, end), mention: true }, ...mentioned(text.slice(end), names)];
    }
  }
  return [{ text }];
}

const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s)+$/u;

/** A few emoji and nothing else: they are shown large. @param {string} text */
export const onlyEmoji = (text) => text.length <= 24 && EMOJI_ONLY.test(text) && /\p{Extended_Pictographic}/u.test(text);
