/** Values by key, the least recently used forgotten first once their number or their weight is too large. */
export class Lru<K, V> {
  readonly #entries = new Map<K, { readonly value: V; weight: number }>();
  #weight = 0;

  constructor(
    private readonly countMax: number,
    private readonly weightMax = Number.POSITIVE_INFINITY,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  get weight(): number {
    return this.#weight;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Without counting as a use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: K, value: V, weight = 1): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    this.#trim(key);
  }

  /** What is there weighs another amount now. */
  weigh(key: K, weight: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#weight += weight - entry.weight;
    entry.weight = weight;
    this.#trim(key);
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#weight -= entry.weight;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  *values(): Generator<V> {
    for (const { value } of this.#entries.values()) yield value;
  }

  *entries(): Generator<[K, V]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  /** `kept` stays however heavy it is. */
  #trim(kept: K): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.countMax && this.#weight <= this.weightMax) return;
      if (key !== kept) this.delete(key);
    }
  }
}
