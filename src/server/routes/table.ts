import type { Route } from "../route.js";
import { observationRoutes } from "./observations.js";
import { organisationRoutes } from "./organisation.js";
import { policyRoutes } from "./policies.js";
import { questionRoutes } from "./questions.js";

/** Every route under /v1. */
export const routes: readonly Route[] = [...policyRoutes, ...questionRoutes, ...observationRoutes, ...organisationRoutes];
