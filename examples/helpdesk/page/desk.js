import { attempt, home, host } from "./host.js";

const $ = (id) => document.getElementById(id);

// A page cannot write for its user, nor read what they wrote: the conversation is
// theirs, in their client. We show the way there.
$("write").addEventListener("click", () => attempt(host.close));

attempt(async () => {
  const { open, hours } = await home.get("/hours");
  $("open").textContent = open ? "Open now" : "Closed";
  $("hours").textContent = hours;
});
