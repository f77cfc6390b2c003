/** Small parsers that take what the writers of reports promise, and nothing more: they throw at the first fault. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (XmlElement | string)[];
}

const entities: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** XML 1.0 without comments, CDATA sections, document types and processing instructions. */
export function parseXml(text: string): XmlElement {
  const illegal = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);
  if (illegal !== null) throw new Error(`character ${illegal[0].codePointAt(0)} is not XML 1.0`);
  const root: XmlElement = { name: "", attributes: new Map(), children: [] };
  const open = [root];
  const pieces = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "").match(/<[^>]*>|[^<]+/g) ?? [];
  for (const piece of pieces) {
    const parent = open.at(-1)!;
    if (!piece.startsWith("<")) {
      if (piece.includes("]]>") || piece.includes(">")) throw new Error(`a raw > in ${piece}`);
      parent.children.push(unescaped(piece));
    } else if (piece.startsWith("</")) {
      if (`</${parent.name}>` !== piece) throw new Error(`${piece} closes ${parent.name}`);
      open.pop();
    } else {
      const tag = /^<([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>$/.exec(piece);
      if (tag === null) throw new Error(`no tag: ${piece}`);
      const attributes = new Map([...tag[2]!.matchAll(/ ([a-z]+)="([^"]*)"/g)].map((m) => [m[1]!, unescaped(m[2]!)]));
      const element: XmlElement = { name: tag[1]!, attributes, children: [] };
      parent.children.push(element);
      if (tag[3] === "") open.push(element);
    }
  }
  const elements = root.children.filter((child) => typeof child !== "string");
  if (open.length !== 1 || elements.length !== 1) throw new Error("not one root element");
  return elements[0]!;
}

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const found = entities.get(name);
    if (found === undefined || !whole.endsWith(";")) throw new Error(`a raw & in ${text}`);
    return found;
  });
}

export function elementsNamed(element: XmlElement, name: string): XmlElement[] {
  const below = element.children.flatMap((child) => (typeof child === "string" ? [] : elementsNamed(child, name)));
  return element.name === name ? [element, ...below] : below;
}

/** What stands outside of code in Markdown, code replaced by `C`. */
export function outsideCode(line: string): string {
  const withoutElements = line.replace(/<code>[^<`|]*<\/code>/g, "C");
  return withoutElements.replace(/(?<!`)`[^`]+`(?!`)/g, "C");
}

/** The tables of a Markdown text as cells; throws when a row has more or fewer cells than its head. */
export function markdownTables(text: string): string[][][] {
  const tables: string[][][] = [];
  let rows: string[][] | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) {
      rows = undefined;
      continue;
    }
    const cells = line.slice(2, -2).split(" | ");
    if (outsideCode(line).split("|").length !== cells.length + 2) throw new Error(`pipes: ${line}`);
    if (rows === undefined) {
      rows = [];
      tables.push(rows);
    } else if (rows[0]!.length !== cells.length) throw new Error(`${cells.length} cells: ${line}`);
    rows.push(cells);
  }
  return tables;
}
