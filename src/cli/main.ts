#!/usr/bin/env node
import { runCommand } from "./program.js";
import { openTerminal } from "./terminal.js";

const terminal = openTerminal();
terminal.end(await runCommand(process.argv.slice(2), terminal));
