import { escapeText } from "../../diagnostics/escape.js";
import { jsonText } from "../json/rule.js";

/** A SARIF 2.1.0 log. */
export function sarifLog(...runs: readonly object[]): string {
  return jsonText({ $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs });
}

/** A path as a URI reference: relative ones stay relative, so that a viewer finds them in the repository. */
export function uriOf(path: string): string {
  const parts = path
    .replaceAll("\\", "/")
    .split("/")
    .map((part) => encodeURIComponent(escapeText(part)));
  const whole = parts.join("/");
  if (path.startsWith("/")) return `file://${whole}`;
  if (/^[A-Za-z]:[\\/]/.test(path)) return `file:///${whole.replace("%3A", ":")}`;
  return whole === "" ? "unnamed" : whole;
}
