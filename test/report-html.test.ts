import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { replayHtml } from "../src/report/html/replay.js";
import { toolName } from "../src/report/text/words.js";
import type { ReplayReport } from "../src/trace/replay-report.js";
import { hostile, hostileFrame, hostileNames, large } from "./support/extreme-reports.js";
import { against, empty, frame, ordinary, partial } from "./support/replay-reports.js";

/** The HTML report in the browser people have: opened from disk, used with mouse and keyboard, read without scripts. */

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const quiet = ["quic", "background-networking", "component-update", "sync", "gpu"].map((part) => `--disable-${part}`);
const absent = !existsSync(executablePath);
if (absent) console.warn(`HTML report: not opened in a browser, because ${executablePath} is absent (CHROMIUM names another)`);

const folder = mkdtempSync(join(tmpdir(), "smoltbot-page-"));
let browser: Browser;

interface Opened {
  readonly page: Page;
  /** What the page complained of, and everything it asked for beside itself. */
  readonly complaints: string[];
}

async function opened(report: ReplayReport, options: BrowserContextOptions = {}, by = frame): Promise<Opened> {
  const file = join(folder, "report.html");
  writeFileSync(file, replayHtml(report, by));
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(`asked for ${request.url()}`);
  });
  page.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

const listing = (page: Page, id: string) => page.locator(`[data-table="${id}"]`);
const names = async (page: Page, id: string) =>
  (await listing(page, id).locator("tbody tr:not(.detail) > td.name code").allTextContents()).map((text) => text.trim());
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.skipIf(absent)("the HTML report in Chromium", () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--no-first-run", ...quiet] });
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test("opens from disk without a complaint and without asking for anything", async () => {
    const { page, complaints } = await opened(against);
    await expect(page.locator("h1").textContent()).resolves.toContain("3 of 13 traces would fail");
    expect(await page.locator("h2").allTextContents()).toEqual([
      ...["What changes", "Over time", "Traces, worst first13", "Rules9", "Tools9", "Unmapped tools2", "New tools3"],
      "How this was read",
    ]);
    expect(complaints).toEqual([]);
    expect(await overflow(page)).toBe(0);
  });

  test("sorts by a column, both ways, and says so", async () => {
    const { page } = await opened(ordinary);
    const head = listing(page, "tools").locator("th").nth(3);
    await head.locator("button").click();
    expect([(await names(page, "tools"))[0], await head.getAttribute("aria-sort")]).toEqual([
      "mcp__browser__navigate",
      "descending",
    ]);
    await head.locator("button").click();
    expect([(await names(page, "tools"))[0], await head.getAttribute("aria-sort")]).toEqual([
      "mcp__filesystem__write_file",
      "ascending",
    ]);
    await listing(page, "tools").locator("th").first().locator("button").click();
    expect(await names(page, "tools")).toEqual(ordinary.tools.map(({ tool }) => tool).sort());
  });

  test("searches and filters", async () => {
    const { page } = await opened(ordinary);
    const tools = listing(page, "tools");
    await tools.getByRole("searchbox").fill("FILESYSTEM file_op");
    expect(await names(page, "tools")).toEqual(["mcp__filesystem__read_file", "mcp__filesystem__write_file"]);
    expect(await tools.locator(".counter").textContent()).toBe("2 of 9");
    await tools.getByRole("searchbox").fill("nothing like it");
    expect(await tools.locator("tbody").textContent()).toBe("Nothing matches.");
    await tools.getByRole("searchbox").fill("");
    await tools.getByRole("button", { name: "fail", exact: true }).click();
    expect(await names(page, "tools")).toEqual([
      "mcp__crm__find_customer",
      "mcp__filesystem__delete_file",
      "mcp__admin__grant_role",
    ]);
    await listing(page, "rules").getByRole("button", { name: "never hit" }).click();
    expect(await names(page, "rules")).toEqual(['forbidden "*__exec_shell"']);
  });

  test("a tool opens to what decided, what else matches and its first calls, by keyboard too", async () => {
    const { page } = await opened(ordinary);
    const opener = listing(page, "tools").getByRole("button", { name: "mcp__filesystem__delete_file" });
    await opener.focus();
    await page.keyboard.press("Enter");
    const detail = await listing(page, "tools").locator("tr.detail").textContent();
    expect(detail).toContain('forbidden "mcp__filesystem__delete*" critical policies/support-agent.yaml:39 (agent)');
    expect(detail).toContain('Also matchescapability file_operations, glob "mcp__filesystem__write*"');
    expect(detail).toContain("runs/monday.jsonl:14 2026-02-02 08:00");
    await page.keyboard.press("Enter");
    expect(await listing(page, "tools").locator("tr.detail").count()).toBe(0);
  });

  test("a tool named in a trace leads to its row", async () => {
    const { page } = await opened(ordinary);
    await listing(page, "tools").getByRole("searchbox").fill("browser");
    await listing(page, "traces").locator("button.opener").first().click();
    await listing(page, "traces").locator("tr.detail").getByRole("button", { name: "mcp__admin__grant_role" }).click();
    const focused = page.locator(":focus");
    expect([await focused.textContent(), await focused.getAttribute("aria-expanded")]).toEqual([
      "mcp__admin__grant_role",
      "true",
    ]);
    expect(await focused.evaluate((element) => element.getBoundingClientRect().top >= 0)).toBe(true);
  });

  test("a cell of the matrix shows its tools", async () => {
    const { page } = await opened(against);
    const cell = page.locator('[data-cell="fail → pass"] button');
    await cell.click();
    expect(await names(page, "changes")).toEqual(["mcp__email__send"]);
    expect(await cell.getAttribute("aria-pressed")).toBe("true");
    await cell.click();
    expect(await names(page, "changes")).toHaveLength(4);
    expect(await page.locator(".matrix td.same button, .matrix td.zero button").count()).toBe(0);
  });

  test("the timeline says what a bucket holds, to a pointer and to arrow keys", async () => {
    const { page } = await opened(ordinary);
    const readout = page.locator(".readout");
    await page.locator(".bucket").nth(2).hover();
    expect(await readout.textContent()).toBe("2026-02-02 20:00 to 02:00: 3 warn, 33 pass");
    await page.mouse.move(0, 0);
    await page.locator(".chart").focus();
    await page.keyboard.press("Home");
    expect(await readout.textContent()).toBe("2026-02-02 08:00 to 14:00: 2 fail, 20 pass");
  });

  test.each(["light", "dark"] as const)("%s: every text stands out from its ground", async (colorScheme) => {
    const { page } = await opened({ ...against, partial: partial.partial }, { colorScheme });
    await listing(page, "tools").locator("button.opener").nth(6).click();
    await listing(page, "traces").locator("button.opener").first().click();
    const faint = await page.evaluate(faintTexts);
    expect(faint).toEqual([]);
  });

  test.each<[string, ReplayReport]>([
    ["ordinary", against],
    ["hostile", hostile],
    ["empty", empty],
  ])("a phone: the %s page does not scroll sideways", async (_, report) => {
    const { page } = await opened(report, { viewport: { width: 375, height: 740 } });
    for (const id of ["tools", "traces", "rules", "changes"]) {
      const openers = listing(page, id).locator("button.opener");
      for (let i = 0; i < Math.min(4, await openers.count()); i++) await openers.nth(i).click();
    }
    expect(await overflow(page)).toBe(0);
  });

  test("without scripts the tables are there, and nothing that needs them", async () => {
    const { page } = await opened(against, { javaScriptEnabled: false });
    expect(await page.locator("[data-table=tools] tbody tr").count()).toBe(9);
    expect(await page.locator("[data-table=changes] tbody tr").count()).toBe(4);
    expect(await page.locator("[data-table=rules] tbody tr").first().textContent()).toContain("never");
    expect(await page.locator(".matrix td").allTextContents()).toContain("61▽ weaker, 1 tool");
    expect(await page.locator("button, input").count()).toBe(0);
    expect(await page.locator(".bucket title").count()).toBe(ordinary.timeline.buckets.length);
    const many = await opened(large(), { javaScriptEnabled: false });
    expect(await many.page.locator("[data-table=tools] tbody tr").count()).toBe(200);
    expect(await many.page.locator("[data-table=tools] .beyond").textContent()).toMatch(/^and 9,800 more/);
  });

  test("ten thousand tools stay usable", async () => {
    const { page } = await opened(large());
    const tools = listing(page, "tools");
    expect([(await names(page, "tools")).length, await tools.locator(".counter").textContent()]).toEqual([25, "10,000 tools"]);
    const took = await page.evaluate(() => {
      const input = document.querySelector<HTMLInputElement>("[data-table=tools] input")!;
      const started = performance.now();
      input.value = "server_42";
      input.dispatchEvent(new Event("input"));
      document.querySelector<HTMLElement>("[data-table=tools] th button")!.click();
      return performance.now() - started;
    });
    expect(took).toBeLessThan(3000);
    expect(await tools.locator(".counter").textContent()).toBe("103 of 10,000");
    await tools.getByRole("button", { name: "Show the other 78" }).click();
    expect(await names(page, "tools")).toHaveLength(103);
  });

  test("hostile names run nothing and are shown as they are", async () => {
    const { page, complaints } = await opened(hostile, {}, hostileFrame);
    const openers = listing(page, "tools").locator("button.opener");
    for (let i = 0; i < (await openers.count()); i++) await openers.nth(i).click();
    const whole = await listing(page, "tools").locator("tr.detail dl > div:first-child code").allTextContents();
    expect(whole).toEqual(hostileNames.map(toolName));
    expect(await page.evaluate(() => Reflect.get(window, "pwned") as unknown)).toBeUndefined();
    expect(await page.locator("img, iframe, body > svg, main script").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test("even markup that slipped through would not run", async () => {
    const file = join(folder, "broken.html");
    const slipped = '<script>window.pwned = 1</script><img src="x" onerror="window.pwned = 2"><p style="position:fixed">x</p>';
    writeFileSync(file, replayHtml(ordinary, frame).replace("<main>", `<main>${slipped}`));
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.evaluate(() => Reflect.get(window, "pwned") as unknown)).toBeUndefined();
    expect(
      await page
        .locator("main > p")
        .first()
        .evaluate((p) => getComputedStyle(p).position),
    ).toBe("static");
    expect(await listing(page, "tools").locator(".counter").textContent()).toBe("9 tools");
  });

  test("prints the tables, not the controls", async () => {
    const { page } = await opened(large(300, 50));
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await names(page, "tools")).toHaveLength(200);
    expect(await page.locator(".controls:visible, nav:visible, .more:visible").count()).toBe(0);
  });
});

/** Runs in the page: texts whose contrast with what is behind them is below 4.5 to 1 (WCAG AA), and the contrast. */
function faintTexts(): string[] {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const rgba = (color: string): number[] => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color: number[]) =>
    color
      .slice(0, 3)
      .map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i]!, 0);
  const behind = (element: Element | null): number[] => {
    if (element === null) return [255, 255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own : behind(element.parentElement);
  };
  const found = new Set<string>();
  const walker = document.createTreeWalker(document.querySelector("main")!, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement!;
    if (node.textContent!.trim() === "" || element.closest("svg, [hidden], details:not([open])") !== null) continue;
    const [text, ground] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (contrast < 4.5)
      found.add(`${contrast.toFixed(2)} ${element.tagName}.${element.className}: ${node.textContent!.slice(0, 40)}`);
  }
  return [...found];
}
