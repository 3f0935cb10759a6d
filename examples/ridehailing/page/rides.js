import { attempt, el, home, host, say } from "./host.js";
import { Map } from "./map.js";

const $ = (id) => document.getElementById(id);
const map = new Map($("map"));
const words = {
  ordered: "Your order is in",
  driver_on_the_way: "Your driver is on the way",
  arrived: "Your car is here",
  done: "You have arrived",
};

let ride; // the latest one

function show(r) {
  ride = r;
  $("order").hidden = Boolean(r);
  $("ride").hidden = !r;
  if (!r) {
    $("title").textContent = "Where to?";
    map.clear();
    return;
  }
  const over = r.state === "done";
  $("title").textContent = words[r.state];
  $("driver").textContent = r.minutes ? `${r.driver}, ${r.minutes} min` : r.driver;
  $("way").textContent = `${r.from} → ${r.to}`;
  $("plate").textContent = r.plate;
  $("steps").replaceChildren(
    ...Object.values(words).map((w, i) => el("li", { class: i < r.step || over ? "past" : i === r.step ? "now" : "" }, w)),
  );
  $("follow").hidden = over;
  $("again").hidden = !over;
  map.place(r.step, r.part);
}

async function order() {
  $("go").disabled = true;
  const r = await attempt(() => home.post("/rides", { from: $("from").value, to: $("to").value }));
  $("go").disabled = false;
  if (r) show(r);
}

async function follow() {
  await host.notify(ride.offer);
  say("If you allow it, you hear from us at each step of this ride, and not after.");
}

$("go").addEventListener("click", order);
$("follow").addEventListener("click", () => attempt(follow));
$("again").addEventListener("click", () => show());

attempt(async () => {
  const [places, latest] = await Promise.all([home.get("/places"), home.get("/rides/latest")]);
  for (const id of ["from", "to"]) $(id).replaceChildren(...places.map((p) => el("option", {}, p)));
  $("to").selectedIndex = 1;
  show(latest?.state === "done" && !location.search ? undefined : latest);
});

// While somebody looks, the car moves.
setInterval(async () => {
  if (!ride || ride.state === "done") return;
  const r = await home.get("/rides/latest").catch(() => undefined);
  if (r) show(r);
}, 1000);
