// A little map: a town, a way through it, and the car on that.

const SVG = "http://www.w3.org/2000/svg";
const PICK_UP = 0.52; // where on the way the passenger waits

function part(name, props, ...children) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(props)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

export class Map {
  constructor(place) {
    this.route = part("path", { class: "route", d: "M30 150 H112 V96 H206 V52 H322" });
    this.body = part("g", {},
      part("rect", { x: -15, y: -9, width: 30, height: 18, rx: 7 }),
      part("rect", { class: "glass", x: -7, y: -6, width: 6, height: 12, rx: 2 }),
      part("rect", { class: "glass", x: 3, y: -6, width: 5, height: 12, rx: 2 }));
    this.car = part("g", { class: "car" }, this.body);
    place.append(
      part("svg", { viewBox: "0 0 360 190" },
        part("rect", { class: "land", width: 360, height: 190 }),
        part("path", { class: "water", d: "M250 190 C262 150 240 128 276 112 S330 116 360 92 V190 Z" }),
        part("path", { class: "street", d: "M0 150 H230 M0 96 H280 M112 0 V190 M206 0 V150 M30 0 V190 M120 52 H360 M206 26 H322 M322 0 V90 M60 120 L112 96" }),
        this.route,
        (this.waits = part("circle", { class: "end", r: 7 })),
        (this.end = part("circle", { class: "end", cx: 322, cy: 52, r: 7 })),
        this.car));
    const at = this.#at(PICK_UP);
    this.waits.setAttribute("cx", at.x);
    this.waits.setAttribute("cy", at.y);
    this.clear();
  }

  #at(part) {
    return this.route.getPointAtLength(part * this.route.getTotalLength());
  }

  clear() {
    for (const e of [this.route, this.car, this.waits, this.end]) e.style.visibility = "hidden";
  }

  /** Where the car is at a step of the ride, of which a part is over. */
  place(step, part) {
    const appears = this.car.style.visibility === "hidden"; // then it has come from nowhere
    for (const e of [this.route, this.car, this.waits, this.end]) e.style.visibility = "";
    const aboard = Math.max(0, (part - 0.4) / 0.6); // it waits a little for the passenger
    const far = [0, PICK_UP * part, PICK_UP + (1 - PICK_UP) * aboard, 1][step];
    const at = this.#at(far), before = this.#at(Math.max(0, far - 0.002));
    const upright = Math.abs(at.y - before.y) > Math.abs(at.x - before.x);
    this.body.style.transform = upright ? "rotate(-90deg)" : "";
    this.car.style.transition = appears ? "none" : "";
    this.car.style.transform = `translate(${at.x}px, ${at.y}px)`;
  }
}
