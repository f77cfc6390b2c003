import { inlinePoliciesMax, inlinePolicyUnitsMax } from "../limits.js";
import { type ActivePolicy, type FaultSink, noIds, openCompiled } from "./active-policy.js";
import { compileInline, type InlineLayers } from "./compiled.js";
import { Lru } from "./lru.js";
import { perform } from "./perform.js";
import type { Effects } from "./surroundings.js";

/** Policies that came with a question, compiled and kept for the next question with the same text. */
export class InlinePolicies {
  readonly #opened = new Lru<string, ActivePolicy>(inlinePoliciesMax, inlinePolicyUnitsMax);
  readonly #opening = new Map<string, Promise<ActivePolicy>>();

  constructor(
    private readonly effects: Pick<Effects, "aside">,
    private readonly onFault: FaultSink,
  ) {}

  /** `below` names what it stands over, such as the org and its version. @throws RegistryFailure */
  async open(below: string, layers: InlineLayers): Promise<ActivePolicy> {
    const key = keyOf(below, layers);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#compiled(key, layers).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #compiled(key: string, layers: InlineLayers): Promise<ActivePolicy> {
    const units = layers.text.length + (layers.org?.source.length ?? 0);
    return this.#keep(key, await perform(this.effects, "compileInline", layers, units));
  }

  /** For who cannot wait, and has opened it just before. */
  openInPlace(below: string, layers: InlineLayers): ActivePolicy {
    const key = keyOf(below, layers);
    return this.#opened.get(key) ?? this.#keep(key, compileInline(layers));
  }

  #keep(key: string, compiled: Uint8Array): ActivePolicy {
    const opened = openCompiled(compiled, noIds, this.onFault);
    this.#opened.set(key, opened, key.length);
    return opened;
  }
}

const keyOf = (below: string, { text }: InlineLayers): string => `${below}\u0000${text}`;
