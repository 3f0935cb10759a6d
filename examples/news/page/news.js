import { attempt, el, home, host, say } from "./host.js";

const $ = (id) => document.getElementById(id);

let stories = [];
let topics = [];
let topic = new URLSearchParams(location.search).get("topic") ?? "All"; // a digest led here
let offer; // of the topic that is shown

$("date").textContent = new Date().toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });

function show() {
  $("topics").replaceChildren(...["All", ...topics].map((t) => el("button", { "aria-pressed": String(t === topic), onclick: () => choose(t) }, t)));
  $("stories").replaceChildren(
    ...stories
      .filter((s) => topic === "All" || s.topic === topic)
      .map((s) => el("details", { class: "story" },
        el("summary", {}, el("span", { class: "over" }, `${s.topic} · ${s.at}`), el("h2", {}, s.title), el("span", { class: "soft" }, s.lead)),
        el("p", { class: "text" }, s.text))),
  );
}

/** The offer is here before it is asked for: a tap is good for a few seconds only. */
async function choose(t) {
  topic = t;
  show();
  const of = t === "All" ? topics[0] : t;
  offer = undefined;
  $("digest").disabled = true;
  $("digest").textContent = `A digest of ${of} every day`;
  offer = await attempt(() => home.post("/offers", { topic: of }));
  $("digest").disabled = !offer;
}

$("digest").addEventListener("click", () =>
  attempt(async () => {
    await host.notify(offer);
    say("If you allow it, you get one line a day, until you stop it.");
  }));

attempt(async () => {
  const [news, tries] = await Promise.all([home.get("/stories"), home.get("/tries")]);
  ({ stories, topics } = news);
  if (!topics.includes(topic)) topic = "All";
  $("tries").replaceChildren(
    ...tries.map((t) => el("li", {},
      el("b", {}, t.wish), el("code", {}, t.call), el("code", { class: "refused" }, `${t.status} ${t.code}`), el("span", { class: "soft" }, t.lesson))),
  );
  await choose(topic);
});
