import { describe, expect, it } from "vitest";
import { createNameMap, type NameRules, qualifiedName } from "../../../src/trace/name-map.js";
import { codesOf, lines, readAll } from "../../support/traces.js";

const map = (rules: Partial<NameRules>) => createNameMap({ servers: [], names: new Map(), ...rules });

describe("names of other dialects", () => {
  it.each(["github-create_issue", "github__create_issue", "github.create_issue", "mcp_github_create_issue"])("%s", (name) => {
    expect(map({ servers: ["github"] }).canonical(name)).toBe("mcp__github__create_issue");
  });

  it("of two servers the longer one counts, in whatever order they are given", () => {
    for (const servers of [
      ["git", "git-hub"],
      ["git-hub", "git"],
    ]) {
      const { canonical } = map({ servers });
      expect(canonical("git-hub-list")).toBe("mcp__git-hub__list");
      expect(canonical("git-status")).toBe("mcp__git__status");
    }
  });

  it("a server is found as it is called and as it is spelled, and spelled as Claude Code does", () => {
    const { canonical } = map({ servers: ["my server.v2"] });
    expect(canonical("my server.v2-run")).toBe("mcp__my_server_v2__run");
    expect(canonical("my_server_v2__run")).toBe("mcp__my_server_v2__run");
    expect(qualifiedName("größe", "x")).toBe("mcp__gr__e__x");
  });

  it("exact names come before servers, servers before the prefix", () => {
    const { canonical } = map({ servers: ["git"], names: new Map([["git-log", "Log"]]), serverPrefix: "host" });
    expect(["git-log", "git-show", "show", "a__b", "mcp__x__y"].map(canonical)).toEqual([
      "Log",
      "mcp__git__show",
      "mcp__host__show",
      "a__b",
      "mcp__x__y",
    ]);
  });

  it("an exact name may rename a canonical one; nothing else does", () => {
    expect(map({ names: new Map([["mcp__a__b", "mcp__c__d"]]) }).canonical("mcp__a__b")).toBe("mcp__c__d");
    expect(map({ servers: ["mcp"], serverPrefix: "x" }).canonical("mcp__a__b")).toBe("mcp__a__b");
  });

  it("what is no name stays invalid, and a dialect needs a tool", () => {
    const { canonical } = map({ servers: ["git", ""], serverPrefix: "x" });
    expect(canonical("")).toBe("");
    expect(map({ servers: ["git"] }).canonical("git-")).toBe("git-");
    expect(map({ servers: [""] }).canonical("-a")).toBe("-a");
  });

  it("names that mean something to JavaScript are names", () => {
    const names = new Map([["__proto__", "constructor"]]);
    expect(["__proto__", "constructor", "toString"].map(map({ names }).canonical)).toEqual([
      "constructor",
      "constructor",
      "toString",
    ]);
  });
});

describe("a set of traces", () => {
  const events = lines(...["github-list", "mcp__github__list", "Bash", "github-list"].map((tool) => ({ tool, session_id: "s" })));

  it("has the canonical names, and those in the input beside them", async () => {
    const set = await readAll([events], { names: map({ servers: ["github"] }) });
    expect(codesOf(set)).toEqual([]);
    expect(set.names).toEqual(["mcp__github__list", "Bash"]);
    expect(set.rawNames).toEqual([["github-list"], []]);
    expect(set.calls.length).toBe(4);
  });

  it("takes the server of a format that names it", async () => {
    const call = { type: "mcp_call", server_label: "deep wiki", name: "ask", arguments: "{}", id: "m1" };
    const set = await readAll([JSON.stringify({ object: "response", id: "r", output: [call] })]);
    expect([set.names, set.rawNames]).toEqual([["mcp__deep_wiki__ask"], [["ask"]]]);
  });
});
