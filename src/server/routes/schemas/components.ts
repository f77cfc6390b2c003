import { bodySchemas } from "./bodies.js";
import type { Schema } from "./build.js";
import { evaluationSchemas } from "./evaluation.js";
import { observationSchemas } from "./observations.js";
import { policySchemas } from "./policy.js";
import { questionSchemas } from "./questions.js";

/** `components/schemas` of openapi.json: every shape of `registry/shapes.ts`. */
export const componentSchemas: Readonly<Record<string, Schema>> = {
  ...policySchemas,
  ...evaluationSchemas,
  ...questionSchemas,
  ...observationSchemas,
  ...bodySchemas,
};
