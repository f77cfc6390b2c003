import type { Child, Tag } from "../tree.js";

const vector: ReadonlySet<Tag> = new Set(["svg", "g", "rect", "line", "title"]);

/** A tree as DOM nodes. Text becomes text nodes; nothing is parsed. */
export function nodeOf(child: Child): Node {
  if (typeof child === "string") return document.createTextNode(child);
  const element = vector.has(child.tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", child.tag)
    : document.createElement(child.tag);
  for (const [name, value] of Object.entries(child.attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  for (const each of child.children) element.append(nodeOf(each));
  return element;
}

export function elementOf<E extends HTMLElement>(child: Child): E {
  return nodeOf(child) as E;
}
