import type { EnforcementMode } from "./model.js";

/** What is known when judging a call went wrong. */
export interface Fault {
  /** Whether a valid policy is loaded, so that its `fail_open` can be read. */
  readonly engineLoaded: boolean;
  /** `fail_open` of the loaded policy; absent counts as false. */
  readonly failOpen?: boolean | undefined;
  /** Enforcement mode of the loaded policy; absent counts as enforce. */
  readonly mode?: EnforcementMode | undefined;
  /** What the adapter does without a policy; default deny. */
  readonly onFault?: "deny" | "allow" | undefined;
  /** Status of the server that refused to judge, where one did. */
  readonly httpStatus?: number | undefined;
}

export interface FaultDecision {
  readonly verdict: "warn" | "fail";
  readonly action: "allow" | "warn" | "deny";
  /** What decided, for the log. */
  readonly decidedBy: "client_error" | "fail_open" | "on_fault" | "mode";
}

/**
 * The only place where a fault becomes an answer (semantics F1). Total, pure. An open fault is never better than `warn`.
 * A 4xx answer denies: the request was wrong, not the service. Modes keep their word: `off` allows, `warn` never denies.
 */
export function decideOnFault(fault: Fault): FaultDecision {
  const { httpStatus, engineLoaded, mode } = fault;
  if (httpStatus !== undefined && httpStatus >= 400 && httpStatus < 500) {
    return { verdict: "fail", action: "deny", decidedBy: "client_error" };
  }
  const open = engineLoaded ? fault.failOpen === true : fault.onFault === "allow";
  const decidedBy = engineLoaded ? "fail_open" : "on_fault";
  if (open) return { verdict: "warn", action: "allow", decidedBy };
  if (engineLoaded && mode === "off") return { verdict: "fail", action: "allow", decidedBy: "mode" };
  if (engineLoaded && mode === "warn") return { verdict: "fail", action: "warn", decidedBy: "mode" };
  return { verdict: "fail", action: "deny", decidedBy };
}
