// docs/errors.md from the catalogue of codes. Shared by the script that writes the file and the test that compares it.

const areaTitles = {
  document: "Reading a file",
  policy: "Policies",
  card: "Alignment cards",
  suite: "Policy tests",
  merge: "Merging org and agent",
  trace: "Traces",
  command: "Commands",
  registry: "The registry",
  server: "The server",
  artifact: "Compiled policies",
};

/**
 * @param {Record<string, Record<string, {level: string, title: string, meaning: string, fix: string}>>} catalogue
 * @param {readonly {code: string, title: string, meaning: string, fix: string}[]} artifactErrors
 * @returns {string}
 */
export function errorsDocument(catalogue, artifactErrors) {
  const artifact = Object.fromEntries(artifactErrors.map(({ code, ...entry }) => [code, { level: "error", ...entry }]));
  const areas = Object.entries({ ...catalogue, artifact });
  const parts = areas.map(([area, codes]) => areaText(areaTitles[area] ?? area, codes));
  return `# Errors, warnings and notices

Every finding has a code from this list. Codes are stable: a release may add some, but never gives one another meaning.
An error means that the input is not used; warnings and notices are shown beside the result. Where a finding has a place
it is \`file:line:column\`, counted from 1. At most 50 findings of a file are shown and the rest are counted.

This file is written by \`node scripts/generate-errors-doc.mjs\`.

${parts.join("\n")}`;
}

function areaText(title, codes) {
  const rows = Object.entries(codes).map(([code, { level, title, meaning, fix }]) => {
    const cells = [`\`${code}\``, level, `**${sentence(title)}** ${sentence(meaning)} ${sentence(fix)}`];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  return `## ${title}

| code | level | what it means and what to do |
|---|---|---|
${rows.join("\n")}
`;
}

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Upper case first, a full stop last. Texts that begin with code stay as they are. */
function sentence(text) {
  const first = text[0].toUpperCase() + text.slice(1);
  return /[.?!]$/.test(first) ? first : `${first}.`;
}
