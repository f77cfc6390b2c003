import { sha256 } from "@noble/hashes/sha2.js";
import type { Layered, MergedPolicy } from "../policy/model.js";

/**
 * SHA-256 of what the policy means: layers, names, globs, actions, reasons and defaults in order, without spans, file labels,
 * comments or formatting. Two files that print the same have the same digest.
 */
export function policyDigest(policy: MergedPolicy): Uint8Array {
  const layered = <T>(list: readonly Layered<T>[], body: (rule: T) => unknown[]) =>
    list.map(({ layer, rule }) => [layer, ...body(rule)]);
  const d = policy.defaults;
  const meaning = [
    "smoltbot-policy/1",
    policy.name,
    policy.description ?? null,
    layered(policy.capabilities, (c) => [
      c.name,
      c.description ?? null,
      c.tools.map((tool) => tool.glob.text),
      c.cardActions.map((action) => action.value),
    ]),
    layered(policy.forbidden, (f) => [f.pattern.glob.text, f.reason, f.severity]),
    layered(policy.triggers, (t) => [t.condition.text, t.action, t.reason]),
    [
      d.unmappedToolAction.value,
      d.unmappedSeverity.value,
      d.failOpen.value,
      d.enforcementMode.value,
      d.gracePeriodHours.value,
      d.failOn.value,
    ],
  ];
  return sha256(new TextEncoder().encode(JSON.stringify(meaning)));
}

/** SHA-256 of a text in UTF-8, hex. */
export function textDigest(text: string): string {
  return hexText(sha256(new TextEncoder().encode(text)));
}

export function hexText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
