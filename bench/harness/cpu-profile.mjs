/**
 * How much of a CPU profile's busy time was spent in functions of this folder and in what they called, and where the rest went.
 * A profile is a tree of call frames; each sample names the innermost one.
 */
export function shareUnder({ nodes, samples, timeDeltas }, folder) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const inside = new Map();
  const isInside = (id) => {
    const known = inside.get(id);
    if (known !== undefined) return known;
    const { callFrame } = byId.get(id);
    const parent = parents.get(id);
    const answer = callFrame.url.includes(folder) || (parent !== undefined && isInside(parent));
    inside.set(id, answer);
    return answer;
  };
  let [busy, under] = [0, 0];
  const self = new Map();
  samples.forEach((id, i) => {
    const { functionName } = byId.get(id).callFrame;
    if (functionName === "(idle)" || functionName === "(root)") return;
    const us = timeDeltas[i] ?? 0;
    busy += us;
    if (isInside(id)) under += us;
    const name = functionName === "" ? "(anonymous)" : functionName;
    self.set(name, (self.get(name) ?? 0) + us);
  });
  const top = [...self]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 12)
    .map(([name, us]) => ({ name, share: us / busy }));
  return { share: under / busy, samples: samples.length, top };
}
