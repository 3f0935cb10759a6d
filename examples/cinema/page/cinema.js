import { attempt, el, home, host, say } from "./host.js";
import { poster } from "./posters.js";

const $ = (id) => document.getElementById(id);
const wanted = new URLSearchParams(location.search).get("ticket"); // a notice led here

let films = [];
let film, seat;

function showFilms() {
  $("hall").hidden = true;
  $("films").hidden = $("tickets").hidden = false;
  $("films").replaceChildren(
    ...films.map((f) =>
      el("button", { class: "film", onclick: () => showHall(f) },
        poster(f.id),
        el("span", { class: "about" }, el("span", { class: "over" }, `${f.starts} · ${f.hall}`), el("h2", {}, f.name), el("span", { class: "soft" }, f.about)))),
  );
}

function showHall(f) {
  film = f;
  pick(undefined);
  $("films").hidden = $("tickets").hidden = true;
  $("hall").hidden = false;
  $("hall-name").textContent = `${f.name}, ${f.starts}`;
  scrollTo(0, 0);
}

function pick(s) {
  seat = s;
  $("book").disabled = !s;
  $("book").textContent = s ? `Book seat ${s}` : "Pick a seat";
  $("seats").replaceChildren(
    ...film.all.map((name) => el("button", { "aria-pressed": String(name === s), "aria-label": `Seat ${name}`, disabled: film.taken.includes(name), onclick: () => pick(name) }, name)),
  );
}

async function book() {
  $("book").disabled = true;
  await attempt(() => home.post("/tickets", { film: film.id, seat }));
  await refresh();
  showFilms();
  scrollTo(0, 0);
}

function ticket(t) {
  const told = t.state === "told";
  return el("section", { class: "card ticket" },
    el("div", { class: "row" }, el("h2", { class: "grow" }, t.film.name), el("span", { class: "pill" }, told ? "Doors are open" : "Booked")),
    el("dl", {}, ...[["Starts", t.film.starts], [t.film.hall, `Seat ${t.seat}`], ["Ticket", t.number]].map(([dt, dd]) => el("div", {}, el("dt", {}, dt), el("dd", {}, dd)))),
    !told && el("button", { class: "gentle", onclick: () => attempt(() => tell(t)) }, "Tell me when it begins"));
}

async function tell(t) {
  await host.notify(t.offer);
  say("If you allow it, you hear from us once: when your film begins.");
}

function showTickets(tickets) {
  tickets.sort((a, b) => (b.number === wanted) - (a.number === wanted));
  $("tickets").replaceChildren(...tickets.map(ticket));
}

async function refresh() {
  await attempt(async () => {
    const [programme, tickets] = await Promise.all([home.get("/films"), home.get("/tickets")]);
    films = programme.films.map((f) => ({ ...f, all: programme.seats }));
    showTickets(tickets);
  });
}

$("back").addEventListener("click", showFilms);
$("book").addEventListener("click", book);
refresh().then(showFilms);
// While somebody looks, the tickets follow.
setInterval(() => home.get("/tickets").then(showTickets, () => {}), 3000);
