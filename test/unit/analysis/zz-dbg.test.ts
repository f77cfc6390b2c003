import { test } from "vitest";
import { countOf, countTestsOf, priorsOf } from "../../../src/analysis/priors.js";
import { subjectOf } from "../../../src/analysis/subject.js";
import { compares } from "../../../src/engine/session.js";
import { PolicyDraw } from "../../support/random-policy.js";
import { defaultSeed } from "../../support/seed.js";
test("x", () => {
  for (let seed = 0; seed < 20; seed++) {
  const draw = new PolicyDraw(defaultSeed + seed);
  let undef = 0, cap = 0, lists = 0, firstCap = -1;
  for (let round = 0; round < 1000; round++) {
    const layers = { org: draw.policy("org"), agent: draw.policy("agent") };
    const tests = countTestsOf(subjectOf(layers).policy);
    const ps = priorsOf(tests);
    lists += tests.length;
    if (ps === undefined) { cap++; if (firstCap < 0) firstCap = round; continue; }
    const kindOf = (p: any) => tests.map(({ test, layer }) => { const n = countOf(p, test.count, layer); return `${Number(compares(n, test))}${Number(compares(n + 1, test))}`; }).join();
    const by = new Set(ps.map(kindOf));
    if (round < 100) for (let t=0;t<8;t++) for (let o=0;o<=t;o++) for(let u=0;u<=o;u++) for(let v=0;v<=t;v++) {
      const p = {toolCount:t, unmappedOrgCount:o, unmappedCount:u, violationCount:v};
      if (!by.has(kindOf(p))) { undef++; if (undef < 5) console.log(round, JSON.stringify(p), JSON.stringify(tests)); }
    }
  }
  console.log("seed", seed, "capped", cap, "first", firstCap, "undef", undef, "avg tests", lists / 1000);
  }
}, 600000);
