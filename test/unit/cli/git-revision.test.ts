import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandFailure } from "../../../src/cli/failure.js";
import { isRevisionSpec, readRevision } from "../../../src/cli/git-revision.js";
import { artifactBytesMax } from "../../../src/limits.js";
import { folderOf } from "../../support/command.js";

const author = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b.c" };
const cwd = process.cwd();
const kept = { ...process.env };

beforeEach(() => {
  // A run inside of a git hook has these, and they would lead to the wrong repository.
  for (const name of Object.keys(process.env)) if (name.startsWith("GIT_")) delete process.env[name];
  Object.assign(process.env, { ...author, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" });
});
afterEach(() => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
  Object.assign(process.env, kept);
});

const git = (folder: string, ...args: string[]) =>
  execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** A repository with one commit; the current folder becomes it. */
function repository(files: Record<string, string | Uint8Array> = { "a.yaml": "old\n" }): string {
  const folder = folderOf();
  git(folder, "init", "--quiet", "--initial-branch", "main");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "first");
  process.chdir(folder);
  return folder;
}

const text = (spec: string) => Buffer.from(readRevision(spec).bytes).toString("utf8");

function refusal(spec: string): { code: string; message: string; fix: string } {
  try {
    readRevision(spec);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const [{ code, message, fix }] = error.diagnostics;
    return { code, message, fix: fix ?? "" };
  }
  throw new Error(`${spec} was read`);
}

describe("a file of a revision", () => {
  test("is read from the top where there is no working tree", () => {
    const folder = repository({ "a b.yaml": "old\n", "in/b.yaml": "inner\n" });
    const bare = folderOf();
    git(folder, "clone", "--quiet", "--bare", folder, join(bare, "it.git"));
    for (const place of [join(bare, "it.git"), join(bare, "it.git", "objects"), join(folder, ".git")]) {
      process.chdir(place);
      expect([text("git:main:a b.yaml"), text("git:main:in/b.yaml")]).toEqual(["old\n", "inner\n"]);
      expect(refusal("git:main:gone.yaml").code).toBe("git_file_not_in_revision");
    }
  });

  test("is read as committed, whatever the working tree holds", () => {
    const folder = repository({ "a.yaml": "old\n", "bytes.bin": new Uint8Array([0, 255, 10, 13]), "empty.yaml": "" });
    writeFileSync(join(folder, "a.yaml"), "new\n");
    git(folder, "tag", "v1");
    const head = git(folder, "rev-parse", "HEAD");
    for (const revision of ["main", "HEAD", "v1", head, head.slice(0, 8), "refs/heads/main", "@", "HEAD@{2099-01-01 10:00:00}"]) {
      expect(readRevision(`git:${revision}:a.yaml`)).toMatchObject({ label: `git:${revision}:a.yaml`, commit: head });
      expect(text(`git:${revision}:a.yaml`)).toBe("old\n");
    }
    expect([...readRevision("git:main:bytes.bin").bytes]).toEqual([0, 255, 10, 13]);
    expect(text("git:main:empty.yaml")).toBe("");
    expect(text("git:main:./a.yaml")).toBe("old\n");
  });

  test("is looked for from the current folder", () => {
    const folder = repository({ "a.yaml": "top", "sub/a.yaml": "below", "sub/deep/b.yaml": "deep" });
    process.chdir(join(folder, "sub"));
    expect([text("git:main:a.yaml"), text("git:main:../a.yaml"), text("git:main:deep/b.yaml")]).toEqual(["below", "top", "deep"]);
  });

  test("may have any name, and links inside of the revision are followed", () => {
    const odd = [
      "with space.yaml",
      "-rf.yaml",
      "a:b.yaml",
      "$(touch owned)`x`;'\".yaml",
      "ünï\u202e.yaml",
      "__proto__",
      "*?[a].yaml",
    ];
    const folder = repository(Object.fromEntries(odd.map((name) => [name, name])));
    symlinkSync("with space.yaml", join(folder, "link.yaml"));
    symlinkSync("nowhere", join(folder, "dangling.yaml"));
    symlinkSync("/etc/hostname", join(folder, "out.yaml"));
    symlinkSync("loop.yaml", join(folder, "loop.yaml"));
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--message", "links");
    for (const name of odd) expect(text(`git:main:${name}`)).toBe(name);
    expect(text("git:main:link.yaml")).toBe("with space.yaml");
    for (const name of ["dangling", "out", "loop"]) {
      expect(refusal(`git:main:${name}.yaml`)).toMatchObject({ code: "git_file_not_in_revision" });
    }
  });
});

describe("what is refused", () => {
  test.each([
    "git:",
    "git:main",
    "git::a.yaml",
    "git:main:",
    "git:main:dir/",
    "git:main:/etc/passwd",
    "git:ma\nin:a",
    "git:main:a\0b",
  ])("%j is no specification", (spec) => {
    repository();
    expect(refusal(spec).code).toBe("git_revision_syntax");
  });
  test("a revision is never an option", () => {
    const folder = repository();
    for (const revision of ["--output=owned", "-h", "--all"]) {
      expect(refusal(`git:${revision}:a.yaml`)).toMatchObject({ code: "git_revision_syntax" });
    }
    expect(git(folder, "status", "--porcelain")).toBe("");
  });
  test.each(["nope", "main..main", "main^{tree}", "$(id)", "main main"])("%j is no commit", (revision) => {
    repository();
    expect(refusal(`git:${revision}:a.yaml`).code).toBe("git_unknown_revision");
    expect(refusal(`git:${"a".repeat(5000)}:a.yaml`).message.length).toBeLessThan(500);
  });
  test("a file that is not in the revision, a folder, a file as a folder, the outside", () => {
    const folder = repository({ "a.yaml": "x", "sub/b.yaml": "y" });
    writeFileSync(join(folder, "new.yaml"), "z");
    for (const path of ["new.yaml", "sub", "a.yaml/b", "../a.yaml", "\u001b[31m.yaml"]) {
      const { code, message } = refusal(`git:main:${path}`);
      expect([path, code]).toEqual([path, "git_file_not_in_revision"]);
      expect(message).not.toContain("\u001b");
    }
  });
  test("more bytes than any file may have", () => {
    repository({ "big.yaml": new Uint8Array(artifactBytesMax + 1) });
    expect(refusal("git:main:big.yaml").code).toBe("file_too_large");
  });
  test("a folder without a repository, a machine without git", () => {
    process.chdir(folderOf());
    process.env["GIT_CEILING_DIRECTORIES"] = process.cwd();
    expect(refusal("git:main:a.yaml").code).toBe("git_not_a_repository");
    process.env["PATH"] = folderOf();
    expect(refusal("git:main:a.yaml").code).toBe("git_not_installed");
  });
  test("a repository that lacks the content of a file does not pass for one without the file", () => {
    const folder = repository();
    const blob = git(folder, "rev-parse", "HEAD:a.yaml");
    const object = join(folder, ".git", "objects", blob.slice(0, 2), blob.slice(2));
    rmSync(object);
    expect(refusal("git:main:a.yaml")).toMatchObject({ code: "git_failed" });
    writeFileSync(object, "not an object");
    expect(refusal("git:main:a.yaml")).toMatchObject({ code: "git_failed" });
  });
});

describe("advice for pipelines", () => {
  test("a branch that only the remote has, and a shallow clone", () => {
    const origin = repository();
    git(origin, "branch", "release");
    writeFileSync(join(origin, "a.yaml"), "second");
    git(origin, "commit", "--quiet", "--all", "--message", "second");
    const clone = folderOf();
    git(clone, "clone", "--quiet", "--depth", "1", "--no-single-branch", `file://${origin}`, "copy");
    process.chdir(join(clone, "copy"));
    expect(refusal("git:release:a.yaml").fix).toContain("`origin/release`");
    expect(text("git:origin/release:a.yaml")).toBe("old\n");
    expect(refusal("git:HEAD~1:a.yaml").fix).toContain("fetch-depth: 0");
  });
});

test("only the prefix makes a revision", () => {
  expect(["git:main:a", "git:"].map(isRevisionSpec)).toEqual([true, true]);
  expect(["C:\\a.yaml", "./git:main:a", "main:a", "GIT:main:a", "g:git:a"].map(isRevisionSpec)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
