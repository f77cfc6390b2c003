import type { CoverageReport, KnownTool } from "../../analysis/coverage.js";

/** `smoltbot policy coverage --format json`. */
export function coverageJson(report: CoverageReport, { reasons, code }: { reasons: readonly string[]; code: number }): object {
  const { card, tools } = report;
  const names = report.capabilities.map(({ name }) => name);
  return {
    schema: "smoltbot.coverage/1",
    coverage: card && {
      total_card_actions: card.totalCardActions,
      mapped_card_actions: card.mappedCardActions,
      unmapped_card_actions: card.unmappedCardActions,
      coverage_pct: card.coveragePct,
      mapped_by: card.mappedBy,
    },
    tool_coverage: tools && {
      total_tools: tools.total,
      mapped_tools: tools.mapped,
      blocked_tools: tools.blocked,
      mapped_pct: tools.mappedPct,
      calls: tools.calls,
      mapped_calls: tools.mappedCalls,
      blocked_calls: tools.blockedCalls,
    },
    card_actions: report.actions.map(({ action, forbidden, capabilities, tools }) => ({
      action,
      forbidden_by_card: forbidden,
      capabilities: capabilities.map((i) => names[i]),
      tools: tools.map(toolJson),
    })),
    capabilities: report.capabilities.map((capability) => ({
      name: capability.name,
      layer: capability.layer,
      file: capability.file,
      line: capability.line,
      globs: capability.globs,
      card_actions: capability.cardActions,
      missing_card_actions: capability.missingActions,
      tools: capability.tools.map(toolJson),
      tools_decided_earlier: capability.takenTools,
    })),
    unmapped_tools: report.unmappedTools.map(toolJson),
    blocked_tools: report.blockedTools.map(toolJson),
    exit: { code, reasons },
  };
}

function toolJson({ tool, calls }: KnownTool): object {
  return { tool, calls };
}
