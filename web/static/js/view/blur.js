// The blur of a picture that stands where it will be: a few cosines, written
// down as text in base 83 (blurha.sh).

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** @param {string} text */
const number = (text) => [...text].reduce((n, c) => n * 83 + DIGITS.indexOf(c), 0);
/** @param {number} v from 0 to 255 */
const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
/** @param {number} v */
const shown = (v) => 255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
/** @param {number} v */
const squared = (v) => Math.sign(v) * v * v;

/**
 * The colours of a blur, as red, green and blue of each cosine; null if it is not one.
 * @param {string} hash
 * @returns {{across: number, down: number, colours: number[][]}|null}
 */
export function waves(hash) {
  if (hash.length < 6 || [...hash].some((c) => !DIGITS.includes(c))) return null;
  const size = number(hash[0]);
  const [across, down] = [(size % 9) + 1, Math.floor(size / 9) + 1];
  if (hash.length !== 4 + 2 * across * down) return null;
  const most = (number(hash[1]) + 1) / 166;
  const mean = number(hash.slice(2, 6));
  const colours = [[mean >> 16, (mean >> 8) & 255, mean & 255].map(linear)];
  for (let i = 6; i < hash.length; i += 2) {
    const n = number(hash.slice(i, i + 2));
    colours.push([Math.floor(n / 361), Math.floor(n / 19) % 19, n % 19].map((v) => squared((v - 9) / 9) * most));
  }
  return { across, down, colours };
}

/** Draws a blur over the whole of a canvas. @param {HTMLCanvasElement} canvas @param {string} hash */
export function paint(canvas, hash) {
  const found = waves(hash);
  const ink = canvas.getContext("2d");
  if (!found || !ink) return;
  const { width, height } = canvas;
  const image = ink.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      found.colours.forEach((colour, n) => {
        const wave = Math.cos((Math.PI * x * (n % found.across)) / width) * Math.cos((Math.PI * y * Math.floor(n / found.across)) / height);
        for (let c = 0; c < 3; c++) sum[c] += colour[c] * wave;
      });
      image.data.set([...sum.map(shown), 255], 4 * (y * width + x));
    }
  }
  ink.putImageData(image, 0, 0);
}
