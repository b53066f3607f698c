import type { CommandKind } from "../domain/command.ts";
import type { RepositoryPermission } from "../domain/github-facts.ts";
import { COMMANDS } from "./command-table.ts";

/** The word that people write for a command. */
export const findCommandName = (kind: CommandKind): string => COMMANDS.find((row) => row.kinds.includes(kind))?.name ?? kind;

/** Commands that only tools record require `admin`, so that no comment can run them. */
export const findRequiredPermission = (kind: CommandKind): RepositoryPermission =>
  COMMANDS.find((row) => row.kinds.includes(kind))?.permission ?? "admin";
