// Files to send.

import { crc32, deflateSync } from "node:zlib";

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** A picture that goes from one colour to another. @param {string} name @param {number} width @param {number} height @param {number} hue */
export function picture(name, width, height, hue = 120) {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (width * 3 + 1) + 1 + 3 * x;
      rows[at] = (hue + (x * 90) / width) & 255;
      rows[at + 1] = 160 - ((y * 90) / height | 0);
      rows[at + 2] = 90 + ((x + y) & 31);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const buffer = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]);
  return { name, mimeType: "image/png", buffer };
}

/** @param {string} name @param {string} text */
export const textFile = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
