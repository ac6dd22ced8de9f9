// The harness: serves this folder on loopback, looks whether the page still shows everything, and
// has Lighthouse judge it. `node lighthouse.js --held-out` does so with held_out.html, another page
// with the same styles. Without Lighthouse or a browser, or with a page that hides what it has
// to say, there is no measurement: exit status 1, one line that says why, and no metric.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join } from "node:path";

const HERE = import.meta.dirname;
const FILES = ["index.html", "held_out.html", "styles.css", "late.js", "hill.png", "leaf.png"];
const TYPES = { html: "text/html", css: "text/css", js: "text/javascript", png: "image/png" };
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // nothing but the page's own files
];

class NoMeasurement extends Error {}

/** The browser's path: CHROME_PATH, or the first of the usual names on PATH. */
function findBrowser() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = process.env.CHROME_PATH
    ? [process.env.CHROME_PATH]
    : folders.flatMap((folder) => BROWSERS.map((name) => join(folder, name)));
  const path = found.find((file) => existsSync(file));
  if (path) return path;
  throw new NoMeasurement("there is no Chromium: apt-get install chromium, or set CHROME_PATH");
}

/** Lighthouse, and what drives a browser for it. */
async function findLighthouse() {
  try {
    const { default: lighthouse } = await import("lighthouse");
    const { default: puppeteer } = await import("puppeteer-core");
    return { lighthouse, puppeteer };
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new NoMeasurement("there is no Lighthouse in node_modules: run ./setup");
  }
}

/** Serves the files, from memory, at a free port. */
async function serve() {
  const content = new Map();
  for (const name of FILES) content.set(`/${name}`, await readFile(join(HERE, name)));
  const server = createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : request.url.split("?")[0];
    if (!content.has(path)) return response.writeHead(404).end();
    const type = TYPES[extname(path).slice(1)];
    const headers = { "Content-Type": `${type}; charset=utf-8`, "Cache-Control": "max-age=600" };
    return response.writeHead(200, headers).end(content.get(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** In the page: what of its text and pictures can't be seen, in words. */
function hidden() {
  const problems = [];
  const told = (element) => (element.textContent || element.alt).trim().slice(0, 40);
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const picture = element.matches("img");
    if (!own && !picture && !element.matches("input")) continue;
    if (element.matches("script")) continue;
    element.scrollIntoView({ block: "center", behavior: "instant" });
    const box = element.getClientRects()[0];
    const least = picture ? 40 : 8;
    const style = getComputedStyle(element);
    const see = { opacityProperty: true, visibilityProperty: true };
    const x = box && box.left + box.width / 2;
    const top = box && document.elementFromPoint(x, box.top + box.height / 2);
    if (!box || !element.checkVisibility(see)) problems.push(`not shown: ${told(element)}`);
    else if (box.width < least || box.height < least) problems.push(`tiny: ${told(element)}`);
    else if (parseFloat(style.fontSize) < 9) problems.push(`too small a font: ${told(element)}`);
    else if (box.left < 0 || box.right > innerWidth) problems.push(`cut off: ${told(element)}`);
    else if (!element.contains(top)) problems.push(`covered: ${told(element)}`);
  }
  return problems;
}

async function checkAll(browser, url) {
  const page = await browser.newPage();
  await page.setViewport({ width: 412, height: 823, isMobile: true, hasTouch: true });
  await page.goto(url, { waitUntil: "networkidle0" });
  await page.waitForFunction(() => document.getElementById("weather").textContent !== "");
  const problems = await page.evaluate(hidden);
  await page.close();
  if (problems.length) throw new NoMeasurement(`the page must show all it has; ${problems[0]}`);
}

async function judge(lighthouse, browser, url) {
  const page = await browser.newPage();
  const { lhr } = await lighthouse(
    url,
    {
      onlyCategories: CATEGORIES,
      disableFullPageScreenshot: true,
      logLevel: "silent",
      // Not four times slower, as a phone would be: other work of this machine would count fourfold.
      throttling: { cpuSlowdownMultiplier: 1 },
      output: "json",
    },
    undefined,
    page,
  );
  if (lhr.runtimeError) throw new NoMeasurement(`Lighthouse: ${lhr.runtimeError.message}`);
  return lhr;
}

function report(lhr, heldOut) {
  const scores = CATEGORIES.map((id) => [id, lhr.categories[id].score]);
  const missing = scores.find(([, score]) => score === null);
  if (missing) throw new NoMeasurement(`Lighthouse gave no score for ${missing[0]}`);
  let nodes = 0;
  for (const { id, weight } of CATEGORIES.flatMap((c) => lhr.categories[c].auditRefs)) {
    const audit = lhr.audits[id];
    if (!weight || audit.score === null || audit.score === 1) continue;
    const failing = audit.details?.items?.length ?? 0;
    const binary = audit.scoreDisplayMode === "binary";
    if (binary) nodes += failing || 1;
    const words = binary ? `${failing} failing` : (audit.displayValue ?? "");
    console.log(`  ${id}: ${audit.score} ${words}`);
    if (binary)
      for (const { node, url } of audit.details?.items ?? [])
        console.log(`    ${node?.selector?.split(" > ").slice(-3).join(" > ") ?? url ?? ""}`);
  }
  const mean = scores.reduce((sum, [, score]) => sum + 100 * score, 0) / scores.length;
  if (heldOut) {
    console.log(`held_out_score: ${mean.toFixed(2)}`);
    console.log(`held_out_failing: ${nodes}`);
    return;
  }
  console.log(`lighthouse_score: ${mean.toFixed(2)}`);
  console.log(`failing_nodes: ${nodes}`);
  for (const [id, score] of scores)
    console.log(`${id.replace("-", "_")}: ${(100 * score).toFixed(0)}`);
  console.log(`layout_shift: ${lhr.audits["cumulative-layout-shift"].numericValue.toFixed(4)}`);
}

async function main() {
  const { lighthouse, puppeteer } = await findLighthouse();
  const executablePath = findBrowser();
  const profile = await mkdtemp(join(tmpdir(), "lighthouse-"));
  const server = await serve();
  let browser;
  try {
    const args = FLAGS;
    browser = await puppeteer.launch({ executablePath, args, userDataDir: profile, pipe: true });
    const heldOut = process.argv.includes("--held-out");
    const url = `http://127.0.0.1:${server.address().port}/${heldOut ? "held_out.html" : ""}`;
    await checkAll(browser, url);
    report(await judge(lighthouse, browser, url), heldOut);
  } finally {
    await browser?.close();
    server.close();
    await rm(profile, { recursive: true, force: true });
  }
}

main().catch((error) => {
  const reason = String(error.message).split("\n")[0];
  console.error(`lighthouse.js: no measurement: ${reason}`);
  process.exitCode = 1;
});
