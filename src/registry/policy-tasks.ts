import { checkAgent } from "./agent-check.js";
import { compileReferred, diffReferred, lintReferred, validateText } from "./answers.js";
import { compileInline, compileLayers } from "./compiled.js";
import { storedDocument } from "./documents.js";
import { inlineDocument } from "./inline-policy.js";
import { resolveLayers } from "./resolved-document.js";
import { readForPublishing, verifyTexts } from "./verify-texts.js";

/**
 * What takes long for large policies. Each needs nothing but its argument, and both sides can be sent to another thread: texts and
 * plain values go in, plain values and bytes come out.
 */
export const policyTasks = {
  readForPublishing,
  verifyTexts,
  checkAgent,
  storedDocument,
  inlineDocument,
  resolveLayers,
  compileLayers,
  compileInline,
  compileReferred,
  validateText,
  diffReferred,
  lintReferred,
};

export type PolicyTasks = typeof policyTasks;
