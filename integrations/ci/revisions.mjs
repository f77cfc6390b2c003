/** Which policies there are, and what they are compared with. Git is called with lists of arguments, never through a shell. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";

const hash = /^[0-9a-f]{40,64}$/;

/** Runs git in the folder; `undefined` when it fails. */
function git(folder, args) {
  const ran = spawnSync("git", args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" },
  });
  return ran.status === 0 ? ran.stdout : undefined;
}

function gitList(folder, args) {
  return git(folder, args)
    ?.split("\0")
    .filter((entry) => entry !== "");
}

/** The full hash, when there is such a commit here. */
function commitOf(folder, revision) {
  if (revision === undefined || revision === "" || revision.startsWith("-")) return undefined;
  const found = git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`])?.trim();
  return found !== undefined && hash.test(found) ? found : undefined;
}

/** A commit that the clone may lack, because pipelines clone without history. */
function available(folder, revision) {
  const known = commitOf(folder, revision) ?? commitOf(folder, `origin/${revision}`);
  if (known !== undefined || revision.startsWith("-") || revision.includes(":")) return known;
  if (git(folder, ["fetch", "--quiet", "--no-tags", "--depth=1", "origin", revision]) === undefined) return undefined;
  return commitOf(folder, "FETCH_HEAD");
}

/**
 * What a change is compared with: `{commit, short, label}`; `{missing}` with the reason where there is nothing to compare with; `{fault}`
 * where there must be something, so that a gate cannot be passed by hiding it. A push may follow one that was overwritten. The common ancestor where the clone has
 * enough history, so that what others changed meanwhile is not counted.
 */
export function findBase(settings, env, event) {
  const { folder } = settings;
  const head = commitOf(folder, "HEAD");
  const { revision, label, lasting = true } = wantedBase(settings, env, event, head);
  if (revision === undefined) return { missing: "the run belongs to no pull request, and no base was named" };
  const none = (why) => (lasting ? { fault: why } : { missing: why });
  if (head === undefined) return none("git reads no commit here: is this a clone, and does it belong to the user of the run?");
  const commit = available(folder, revision);
  if (commit === undefined) return none(`the base ${label} is not in this clone and could not be fetched`);
  const ancestor = git(folder, ["merge-base", head, commit])?.trim() ?? commit;
  const short = git(folder, ["rev-parse", "--short=12", ancestor])?.trim() ?? ancestor;
  return { commit: ancestor, short, label: `${label} (${ancestor.slice(0, 7)})` };
}

const zeros = /^0*$/;

function wantedBase(settings, env, event, head) {
  if (settings.base !== undefined) return { revision: settings.base, label: settings.base };
  const pull = event.pull_request;
  if (typeof pull?.base?.sha === "string") {
    const label = String(pull.base.ref ?? env.GITHUB_BASE_REF ?? "base");
    return { revision: mergedOnto(settings.folder, head, pull.head?.sha) ?? pull.base.sha, label };
  }
  const queued = event.merge_group;
  if (typeof queued?.base_sha === "string") return { revision: queued.base_sha, label: String(queued.base_ref ?? "the queue") };
  if (env.GITHUB_BASE_REF) return { revision: env.GITHUB_BASE_REF, label: env.GITHUB_BASE_REF };
  const target = env.CI_MERGE_REQUEST_TARGET_BRANCH_SHA || env.CI_MERGE_REQUEST_DIFF_BASE_SHA;
  if (target) return { revision: target, label: env.CI_MERGE_REQUEST_TARGET_BRANCH_NAME || "target branch" };
  const before = typeof event.before === "string" ? event.before : env.CI_COMMIT_BEFORE_SHA;
  if (before !== undefined && !zeros.test(before)) return { revision: before, label: "the push before", lasting: false };
  return {};
}

/** A pull request is checked out as its merge: the first parent is then exactly what it would be merged onto. */
function mergedOnto(folder, head, pullHead) {
  const text = head === undefined ? "" : (git(folder, ["cat-file", "commit", head]) ?? "");
  const parents = [...text.split("\n\n", 1)[0].matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map((m) => m[1]);
  return parents.length === 2 && parents[1] === pullHead ? parents[0] : undefined;
}

/** Whether an entry is a pattern; git's own rules then say what it matches. */
function isPattern(entry) {
  return /[*?[]/.test(entry);
}

const suite = /\.test\.(?:ya?ml|json)$/;

/**
 * The policy files that the entries name, each once, in the order of the entries: `{files, unmatched}`. Suites, which often lie
 * beside their policies, are left out of patterns.
 */
export function expandPolicies({ folder, policies }) {
  return expand(folder, policies, (file) => !suite.test(file));
}

/** The same for suites, which are named as they are. */
export function expandSuites({ folder, suites }) {
  return expand(folder, suites, () => true);
}

function expand(folder, entries, wanted) {
  const files = new Set();
  const unmatched = [];
  for (const entry of entries) {
    if (!isPattern(entry) || existsSync(join(folder, entry))) {
      files.add(asFile(entry));
      continue;
    }
    const listed =
      gitList(folder, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", `:(glob)${entry}`]) ?? [];
    const found = listed.filter((file) => wanted(file) && existsSync(join(folder, file))).sort();
    if (found.length === 0) unmatched.push(entry);
    for (const file of found) files.add(asFile(file));
  }
  return { files: [...files], unmatched };
}

/** One spelling of a name, and one that no command can take for an option or for a revision. */
export function asFile(path) {
  const plain = posix.normalize(path);
  return plain.startsWith("-") || plain.startsWith("git:") ? `./${plain}` : plain;
}

/** An answer without which nothing may be concluded: a file that git cannot read is not a file that did not change. */
function certain(answer, question) {
  if (answer === undefined) throw new Error(`git could not say ${question}`);
  return answer;
}

/** Files by what became of them since the base: `renames` new name -> old, `changed` names, `deleted` names matching a policy entry. */
export function changesSince(settings, commit) {
  const { folder, policies } = settings;
  const common = ["diff", "-z", "--no-relative", "--no-ext-diff", "--no-textconv", "--no-color"];
  const prefix = folderInRepository(folder);
  const named = (path) => asFile(posix.relative(prefix, path));
  const entries = certain(gitList(folder, [...common, "--name-status", "--find-renames", commit]), "what changed");
  const renames = new Map();
  const changed = new Set();
  for (let i = 0; i < entries.length; ) {
    const status = entries[i++];
    const old = entries[i++];
    changed.add(named(old));
    if (!/^[RC]/.test(status)) continue;
    const name = entries[i++];
    changed.add(named(name));
    if (status.startsWith("R")) renames.set(named(name), named(old));
  }
  const specs = policies.map((entry) => (isPattern(entry) ? `:(glob)${entry}` : `:(literal)${entry}`));
  const gone = certain(
    gitList(folder, [...common, "--name-only", "--no-renames", "--diff-filter=D", commit, "--", ...specs]),
    "what is gone",
  );
  const moved = new Set(renames.values());
  const deleted = gone.map(named).filter((file) => !suite.test(file) && !moved.has(file));
  return { renames, changed, deleted };
}

/** Whether the base held the file. */
export function heldBy(folder, commit, file) {
  return (
    certain(gitList(folder, ["ls-tree", "-z", "--name-only", commit, "--", file]), `whether the base has ${file}`).length > 0
  );
}

/** The text of a file of the base, as it was committed. */
export function contentIn(folder, commit, file) {
  return certain(git(folder, ["cat-file", "blob", `${commit}:./${file}`]), `what the base has in ${file}`);
}

/** Whether the repository knows the file at all; an org policy may come from another one. */
export function tracked(folder, file) {
  return git(folder, ["ls-files", "--error-unmatch", "--", `:(literal)${file}`]) !== undefined;
}

/** Path of the folder inside its repository, with a slash at the end, or nothing. */
export function folderInRepository(folder) {
  return git(folder, ["rev-parse", "--show-prefix"])?.replace(/\n$/, "") ?? "";
}
