// Saving what was read as a file of this computer.

const KNOWN = { "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "video/mp4": ".mp4", "video/webm": ".webm" };

/**
 * The browser is told that these are bytes and nothing else: opened as a page of
 * this address, somebody's file could act as us.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.includes(".") ? name : name + (KNOWN[/** @type {keyof typeof KNOWN} */ (blob.type)] ?? "");
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
