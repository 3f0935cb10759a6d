// The films' posters, drawn from a few shapes each.

const SVG = "http://www.w3.org/2000/svg";

const drawings = {
  rain: [
    ["rect", { width: 92, height: 122, fill: "#2d4256" }],
    ["circle", { cx: 66, cy: 28, r: 11, fill: "#f3d9a4" }],
    ["path", { d: "M0 92 Q30 78 50 90 T92 84 V122 H0 Z", fill: "#1d2c3b" }],
    ["path", { d: "M28 40 h14 l4 50 h-22 Z", fill: "#efe6d6" }],
    ["path", { d: "M27 52 h16 l1 12 h-18 Z M25 76 h20 l1 12 h-22 Z", fill: "#b24a34" }],
    ["rect", { x: 29, y: 30, width: 12, height: 10, fill: "#f3d9a4" }],
    ["path", { d: "M41 33 L92 14 V50 Z", fill: "#f3d9a4", opacity: 0.28 }],
    ["path", { d: "M8 10 l-4 12 M22 4 l-4 12 M52 6 l-4 12 M80 44 l-4 12 M64 58 l-4 12 M10 50 l-4 12", stroke: "#9db4c6", "stroke-width": 1.5 }],
  ],
  moon: [
    ["rect", { width: 92, height: 122, fill: "#3b2a52" }],
    ["circle", { cx: 46, cy: 42, r: 27, fill: "#f6e3b8" }],
    ["circle", { cx: 38, cy: 36, r: 5, fill: "#e4cd9a" }],
    ["circle", { cx: 55, cy: 50, r: 7, fill: "#e4cd9a" }],
    ["path", { d: "M0 82 L24 62 L44 82 L66 58 L92 84 V122 H0 Z", fill: "#241936" }],
    ["rect", { x: 10, y: 92, width: 72, height: 14, rx: 5, fill: "#d4573f" }],
    ["path", { d: "M17 96 h8 v5 h-8 Z M30 96 h8 v5 h-8 Z M43 96 h8 v5 h-8 Z M56 96 h8 v5 h-8 Z M69 96 h8 v5 h-8 Z", fill: "#ffe9b0" }],
    ["path", { d: "M0 109 H92", stroke: "#8d7aa8", "stroke-width": 2 }],
  ],
  tea: [
    ["rect", { width: 92, height: 122, fill: "#e9d9ae" }],
    ["circle", { cx: 68, cy: 30, r: 14, fill: "#d9743c" }],
    ["path", { d: "M0 62 Q24 44 50 60 T92 54 V122 H0 Z", fill: "#8fae7a" }],
    ["path", { d: "M0 80 Q30 62 60 78 T92 76 V122 H0 Z", fill: "#5c8a62" }],
    ["path", { d: "M0 100 Q34 84 62 98 T92 96 V122 H0 Z", fill: "#37634a" }],
    ["path", { d: "M44 92 C44 74 30 70 24 58 C40 60 48 70 46 92 C48 78 58 72 68 70 C64 84 54 86 46 94 Z", fill: "#f4efdc" }],
  ],
};

export function poster(id) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 92 122");
  svg.setAttribute("class", "poster");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, shape] of drawings[id] ?? []) {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(shape)) part.setAttribute(key, value);
    svg.append(part);
  }
  return svg;
}
