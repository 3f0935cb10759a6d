// A page asks its host; the host asks the user. What the user decides is told to
// the app's server and never to the page.
const number = "A" + (10 + Math.floor(Math.random() * 90));
document.getElementById("number").textContent = number;

const waiting = new Map();
let asked = 0;

addEventListener("message", (m) => {
  if (m.source !== parent || m.data?.teahouse !== 1) return;
  waiting.get(m.data.id)?.(m.data);
  waiting.delete(m.data.id);
});

/** Asks the host for something and waits for its answer. */
const ask = (op, data) =>
  new Promise((done) => {
    const id = ++asked;
    waiting.set(id, done);
    parent.postMessage({ teahouse: 1, id, op, data }, "*");
  });

async function notify(template) {
  const { error } = await ask("notify", { items: [{ template, subject: number, locked: { table: { code: number } } }] });
  document.getElementById("said").textContent = error ? `The host refused: ${error.code}.` : "Teahouse asks you. I am not told what you answer.";
}

for (const [button, template] of Object.entries(TEMPLATES)) {
  document.getElementById(button).addEventListener("click", () => notify(template));
}
