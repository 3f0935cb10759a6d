// The desk looks again every few seconds, unless somebody is writing.
setInterval(() => {
  const writing = [...document.querySelectorAll("textarea")].some((t) => t.value || t === document.activeElement);
  if (!writing && !document.querySelector(".refused")) location.replace("/desk");
}, 3000);
