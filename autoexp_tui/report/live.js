"use strict";
const EVERY_MS = 5000;
const STALE_S = 180;
const there = () => document.getElementById("live");
const isFile = location.protocol === "file:";

function ago(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}

function tick() {
  const {written, told, quiet, over} = there().dataset;
  const now = Date.now() / 1000;
  const at = new Date(written * 1000).toLocaleTimeString();
  there().querySelector("time").textContent = `${at}, ${ago(now - written)} ago`;
  const warning = there().querySelector(".warning");
  const stale = !over && now - written > STALE_S;
  const silent = !over && !stale && told > 0 && now - told > quiet;
  if (stale) warning.textContent =
    `Not written for ${ago(now - written)}: its computer, its writer or the connection is away.`;
  if (silent) warning.textContent = `The runner has said nothing for ${ago(now - told)}.`;
  warning.hidden = !stale && !silent;
  there().classList.toggle("silent", stale || silent);
}

const opened = () => [...document.querySelectorAll("main details")];
const nameOf = (details) => details.closest("li")?.querySelector(".n")?.textContent ?? "rows";

function keep(states) {
  for (const details of opened()) {
    const was = states[nameOf(details)];
    if (was !== undefined) details.open = was;
  }
}

const states = () => Object.fromEntries(opened().map((details) => [nameOf(details), details.open]));

function remember() {
  try {
    sessionStorage.setItem("autoexp", JSON.stringify([scrollY, states()]));
  } catch { /* a browser may keep nothing for a file: the page then begins at its top */ }
}

function recall() {
  try {
    const [top, were] = JSON.parse(sessionStorage.getItem("autoexp")) ?? [0, {}];
    keep(were);
    scrollTo(0, top);
  } catch { /* as above */ }
}

async function refresh() {
  if (there().dataset.over || document.hidden) return;
  if (isFile) {
    remember();
    location.reload();
    return;
  }
  try {
    const answer = await fetch(location.href, {cache: "no-cache"});
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const live = page.getElementById("live");
    if (!live || live.dataset.written === there().dataset.written) return;
    const were = states();
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.title = page.title;
    keep(were);
    tick();
  } catch { /* away: `tick` says for how long */ }
}

if (isFile) recall();
tick();
setInterval(tick, 1000);
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
