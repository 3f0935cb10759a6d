// The desk looks again every few seconds, unless somebody is writing.
setInterval(() => {
  const writing = [...document.querySelectorAll("textarea")].some((t) => t.value || t === document.activeElement) || [...document.querySelectorAll("[type=file]")].some((f) => f.value);
  if (!writing && !document.querySelector(".refused")) location.replace("/desk");
}, 3000);
