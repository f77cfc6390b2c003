import type { FailureDetail, RegistryCode } from "../registry/failure.js";

/** To a thread that does tasks: one at a time. */
export interface TaskMessage {
  readonly name: string;
  readonly input: unknown;
}

/** What came of it. A refusal is no fault: it is told in the words of the interface. */
export type TaskAnswer =
  | { readonly kind: "done"; readonly value: unknown }
  | {
      readonly kind: "refused";
      readonly code: RegistryCode;
      readonly message: string;
      readonly details: readonly FailureDetail[];
    }
  | { readonly kind: "fault"; readonly message: string };
