/** The database cannot be reached, is full, is damaged or stays locked. What was being written is not there, or there whole. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** The active version is not what the writer expected. */
export class ExpectationFailed extends Error {
  override readonly name = "ExpectationFailed";
  /** `active`: the version there is, undefined for none. */
  constructor(readonly active: number | undefined) {
    super(`the active version is ${active ?? "absent"}`);
  }
}

/** The org's policy changed while an agent's was being verified against it: verify again. */
export class LayerMoved extends Error {
  override readonly name = "LayerMoved";
  constructor(readonly orgVersion: number | undefined) {
    super(`the org's active version is ${orgVersion ?? "absent"}`);
  }
}
