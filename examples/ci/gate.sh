#!/usr/bin/env bash
# A policy gate for a pipeline: stops at the first step that exits 1. Needs `smoltbot` on the path (npm install smoltbot-policy,
# then npx or node_modules/.bin). No step uses the network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Is every policy valid? Fast enough for a pre-commit hook.
smoltbot policy validate ../org/policy.yaml ../support-agent/policy.yaml

# Does every rule do what it seems to?
smoltbot policy lint ../org/policy.yaml
smoltbot policy lint ../support-agent/policy.yaml --org ../org/policy.yaml --card ../support-agent/card.yaml

# May the tools that the servers offer be used, and is most of the card mapped?
smoltbot policy evaluate ../support-agent/policy.yaml --org ../org/policy.yaml --card ../support-agent/card.yaml \
  --tool-manifest tools.json --min-coverage 90 --strict

# What would last month's runs have led to? Kept as an artifact of the build; does not fail it.
smoltbot policy test ../support-agent/policy.yaml --org ../org/policy.yaml --traces ../support-agent/traces \
  --limit 0 --report-only --format json >"${REPORT:-report.json}"

# The file that gets deployed.
smoltbot policy compile ../support-agent/policy.yaml --org ../org/policy.yaml --output "${ARTIFACT:-policy.bin}"
