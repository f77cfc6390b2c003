import type { PublishRun } from "../publish-run.js";
import { diffJson } from "./diff.js";
import { floorJson } from "./floor.js";

/** `smoltbot policy publish` and `rollback` with `--format json`. */
export function publishJson(run: PublishRun): object {
  const { owner, published, diff, floor, before, after, below, version, dryRun, activeVersion } = run;
  return {
    schema: "smoltbot.publish/1",
    registry: owner.place,
    org_id: owner.org,
    agent_id: owner.agent ?? null,
    dry_run: dryRun,
    published: published !== undefined && published.version !== activeVersion,
    policy_id: published?.id ?? null,
    version: published?.version ?? null,
    active_before: activeVersion ?? null,
    archived_version: published?.archived_version ?? null,
    digest: published?.digest ?? null,
    warnings: published?.warnings ?? [],
    org_compared: !run.orgHidden,
    diff: diff === undefined ? null : diffJson({ diff, before, after: run.compared, exitReasons: [], version }),
    floor:
      floor === undefined
        ? null
        : floorJson({ org: below ?? "", agents: [{ file: after, report: floor }], exitReasons: [], version }),
  };
}
