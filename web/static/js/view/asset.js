// The addresses of pictures: beside this module, wherever that is.

/** @param {string} path below the assets */
export const asset = (path) => new URL("../../" + path, import.meta.url).href;
