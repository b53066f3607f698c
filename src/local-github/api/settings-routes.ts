import { z } from "zod";
import { type ApiCall, type ApiRoute, createdReply, NO_CONTENT, okReply, type RouteHandler } from "./api-call.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import { formatTimestamp, hashToNumber } from "./api-urls.ts";
import { environmentHandlers, requireEnvironment } from "./environment-routes.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeState } from "./forge-state.ts";
import { findRole } from "./repository-access.ts";
import { openSealedBox } from "./sealed-box.ts";

/** Settings are an administrator's, in REST also to read. */
const asAdministrator =
  (handler: RouteHandler): RouteHandler =>
  (call) => {
    const actor = call.actor();
    if (actor.kind === "user" && findRole(call.repository, actor.account.login) !== "admin")
      throw new ApiRefusal(403, "Must have admin rights to Repository.");
    return handler(call);
  };

/** https://docs.github.com/rest/actions/permissions#get-github-actions-permissions-for-a-repository */
const getActionsPermissions: RouteHandler = ({ repository }) =>
  okReply({ enabled: repository.actionsEnabled, ...(repository.actionsEnabled && { allowed_actions: "all" }) });

const setActionsPermissions: RouteHandler = async ({ repository, input }) => {
  const { enabled } = await input(z.object({ enabled: z.boolean() }));
  repository.actionsEnabled = enabled;
  return NO_CONTENT;
};

/** https://docs.github.com/rest/actions/permissions#get-default-workflow-permissions-for-a-repository */
const getWorkflowPermissions: RouteHandler = ({ repository }) =>
  okReply({ default_workflow_permissions: "read", can_approve_pull_request_reviews: repository.actionsPulls });

const setWorkflowPermissions: RouteHandler = async ({ repository, input }) => {
  const { can_approve_pull_request_reviews: allowed } = await input(z.object({ can_approve_pull_request_reviews: z.boolean().optional() }));
  if (allowed !== undefined) repository.actionsPulls = allowed;
  return NO_CONTENT;
};

/** Where secrets and variables are: the repository, or one of its environments. */
type ValuePlace = {
  readonly read: (call: ApiCall) => Readonly<Record<string, string>>;
  readonly write: (call: ApiCall, values: Readonly<Record<string, string>>) => void;
};

const REPOSITORY_SECRETS: ValuePlace = {
  read: ({ repository }) => repository.secrets,
  write: ({ repository }, values) => void (repository.secrets = values),
};
const ENVIRONMENT_SECRETS: ValuePlace = {
  read: (call) => call.repository.environments.get(requireEnvironment(call)) ?? {},
  write: (call, values) => void call.repository.environments.set(requireEnvironment(call), values),
};
const REPOSITORY_VARIABLES: ValuePlace = {
  read: ({ repository }) => repository.variables,
  write: ({ repository }, values) => void (repository.variables = values),
};
const ENVIRONMENT_VARIABLES: ValuePlace = {
  read: (call) => call.repository.environmentVariables.get(requireEnvironment(call)) ?? {},
  write: (call, values) => void call.repository.environmentVariables.set(requireEnvironment(call), values),
};

const timesOf = ({ created }: ForgeRepository) => ({ created_at: formatTimestamp(created), updated_at: formatTimestamp(created) });

const secretShape = (call: ApiCall, name: string) => ({ name, ...timesOf(call.repository) });

const listSecrets =
  ({ read }: ValuePlace): RouteHandler =>
  (call) => {
    const secrets = Object.keys(read(call)).map((name) => secretShape(call, name));
    return call.page(secrets, (items) => ({ total_count: secrets.length, secrets: items }));
  };

const publicKeyShape = ({ sealingKeys }: ForgeState) => {
  const key = sealingKeys.publicKey.toString("base64");
  return { key_id: String(hashToNumber(key)), key };
};

/** https://docs.github.com/rest/actions/secrets#get-a-repository-public-key */
const getPublicKey: RouteHandler = ({ forge }) => okReply(publicKeyShape(forge));

/** https://docs.github.com/rest/actions/secrets#get-an-environment-public-key */
const getEnvironmentPublicKey: RouteHandler = (call) => {
  requireEnvironment(call);
  return getPublicKey(call);
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

/** Decrypts a secret with the words in which GitHub refuses one: rest-api-description#419 and #1688, terraform-provider-github#2315. */
const openSecret = (forge: ForgeState, sealed: string, keyId: string): string => {
  if (!BASE64.test(sealed)) throw new ApiRefusal(422, `Invalid request.\n\n${sealed} does not match /${BASE64.source}/.`);
  const opened = keyId === publicKeyShape(forge).key_id ? openSealedBox(forge.sealingKeys, Buffer.from(sealed, "base64")) : null;
  if (opened === null) throw new ApiRefusal(422, "Bad request - validation failed due to an improperly encrypted secret");
  return opened.toString("utf8");
};

const NAME = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/i;

const requireName = (name: string): string => {
  if (!NAME.test(name)) throw new ApiRefusal(422, "Secret and variable names can only contain alphanumeric characters or underscores");
  return name.toUpperCase();
};

/** Finds the requested secret or variable: names ignore case. Throws a 404 if there is none. */
const findValue = (call: ApiCall, { read }: ValuePlace): readonly [string, string] => {
  const name = call.param("name").toUpperCase();
  const value = Object.entries(read(call)).find(([known]) => known === name);
  if (!value) throw notFoundRefusal();
  return value;
};

/** https://docs.github.com/rest/actions/secrets#get-a-repository-secret */
const getSecret =
  (place: ValuePlace): RouteHandler =>
  (call) =>
    okReply(secretShape(call, findValue(call, place)[0]));

/** https://docs.github.com/rest/actions/secrets#delete-a-repository-secret */
const deleteValue =
  (place: ValuePlace): RouteHandler =>
  (call) => {
    const [name] = findValue(call, place);
    place.write(call, Object.fromEntries(Object.entries(place.read(call)).filter(([known]) => known !== name)));
    return NO_CONTENT;
  };

/** https://docs.github.com/rest/actions/secrets#create-or-update-a-repository-secret */
const putSecret =
  ({ read, write }: ValuePlace): RouteHandler =>
  async (call) => {
    const name = requireName(call.param("name"));
    const { encrypted_value: sealed, key_id: keyId } = await call.input(z.object({ encrypted_value: z.string(), key_id: z.string() }));
    const values = read(call);
    write(call, { ...values, [name]: openSecret(call.forge, sealed, keyId) });
    return Object.hasOwn(values, name) ? NO_CONTENT : createdReply({});
  };

const variableShape = (call: ApiCall, [name, value]: readonly [string, string]) => ({ name, value, ...timesOf(call.repository) });

const listVariables =
  ({ read }: ValuePlace): RouteHandler =>
  (call) => {
    const variables = Object.entries(read(call)).map((entry) => variableShape(call, entry));
    return call.page(variables, (items) => ({ total_count: variables.length, variables: items }));
  };

/** https://docs.github.com/rest/actions/variables#get-a-repository-variable */
const getVariable =
  (place: ValuePlace): RouteHandler =>
  (call) =>
    okReply(variableShape(call, findValue(call, place)));

/** https://docs.github.com/rest/actions/variables#create-a-repository-variable */
const createVariable =
  ({ read, write }: ValuePlace): RouteHandler =>
  async (call) => {
    const { name: given, value } = await call.input(z.object({ name: z.string(), value: z.string() }));
    const [name, values] = [requireName(given), read(call)];
    if (Object.hasOwn(values, name)) throw new ApiRefusal(409, "Already exists - Variable already exists");
    write(call, { ...values, [name]: value });
    return createdReply({});
  };

const updateVariable =
  (place: ValuePlace): RouteHandler =>
  async (call) => {
    const [name] = findValue(call, place);
    const { value } = await call.input(z.object({ value: z.string() }));
    place.write(call, { ...place.read(call), [name]: value });
    return NO_CONTENT;
  };

const toRoutes = (scope: string, routes: readonly (readonly [ApiRoute[0], string, RouteHandler])[]): readonly ApiRoute[] =>
  routes.map(([method, path, handler]) => [method, path, { scope, level: method === "GET" ? "read" : "write" }, asAdministrator(handler)]);

/** Settings of a repository that an installation of Enki needs. */
export const settingsRoutes: readonly ApiRoute[] = [
  ...toRoutes("administration", [
    ["GET", "/actions/permissions", getActionsPermissions],
    ["PUT", "/actions/permissions", setActionsPermissions],
    ["GET", "/actions/permissions/workflow", getWorkflowPermissions],
    ["PUT", "/actions/permissions/workflow", setWorkflowPermissions],
    ...environmentHandlers,
  ]),
  ...toRoutes("secrets", [
    ["GET", "/actions/secrets", listSecrets(REPOSITORY_SECRETS)],
    ["GET", "/actions/secrets/public-key", getPublicKey],
    ["GET", "/actions/secrets/:name", getSecret(REPOSITORY_SECRETS)],
    ["PUT", "/actions/secrets/:name", putSecret(REPOSITORY_SECRETS)],
    ["DELETE", "/actions/secrets/:name", deleteValue(REPOSITORY_SECRETS)],
    ["GET", "/environments/:environment/secrets", listSecrets(ENVIRONMENT_SECRETS)],
    ["GET", "/environments/:environment/secrets/public-key", getEnvironmentPublicKey],
    ["GET", "/environments/:environment/secrets/:name", getSecret(ENVIRONMENT_SECRETS)],
    ["PUT", "/environments/:environment/secrets/:name", putSecret(ENVIRONMENT_SECRETS)],
    ["DELETE", "/environments/:environment/secrets/:name", deleteValue(ENVIRONMENT_SECRETS)],
  ]),
  ...toRoutes("actions_variables", [
    ["GET", "/actions/variables", listVariables(REPOSITORY_VARIABLES)],
    ["POST", "/actions/variables", createVariable(REPOSITORY_VARIABLES)],
    ["GET", "/actions/variables/:name", getVariable(REPOSITORY_VARIABLES)],
    ["PATCH", "/actions/variables/:name", updateVariable(REPOSITORY_VARIABLES)],
    ["DELETE", "/actions/variables/:name", deleteValue(REPOSITORY_VARIABLES)],
    ["GET", "/environments/:environment/variables", listVariables(ENVIRONMENT_VARIABLES)],
    ["POST", "/environments/:environment/variables", createVariable(ENVIRONMENT_VARIABLES)],
    ["GET", "/environments/:environment/variables/:name", getVariable(ENVIRONMENT_VARIABLES)],
    ["PATCH", "/environments/:environment/variables/:name", updateVariable(ENVIRONMENT_VARIABLES)],
    ["DELETE", "/environments/:environment/variables/:name", deleteValue(ENVIRONMENT_VARIABLES)],
  ]),
];
