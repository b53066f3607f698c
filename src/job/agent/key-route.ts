/** Variables of an agent's environment, by name. */
export type AgentVariables = Readonly<Record<string, string>>;

/** A route to a model's server on which Enki's proxy adds the key, so that the agent needs no key. */
export type KeyRoute = {
  /** The variables with the credentials; the agent gets a worthless word in their place. */
  readonly keys: readonly string[];
  /** The credentials. */
  readonly secrets: readonly string[];
  /** Further variables that the agent does not get. */
  readonly removed: readonly string[];
  /** The address of the model's API, or the person's own server. */
  readonly upstream: string;
  /** The headers with the credentials, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The permitted paths below the upstream's own. */
  readonly paths: RegExp;
  /** Points the agent to another address. */
  readonly redirect: (env: AgentVariables, address: string) => AgentVariables;
};

/** Requests to Anthropic's API that a session needs; not its batches, which would outlive the session, nor its files. */
export const ANTHROPIC_PATHS = /^(?:\/v1)?\/(?:messages(?:\/count_tokens)?|models(?:\/[\w.:@-]+)?)$/;
/** The same for OpenAI's API and its imitations. */
export const OPENAI_PATHS = /^(?:\/v1)?\/(?:responses(?:\/compact)?|chat\/completions|completions|embeddings|models(?:\/[\w.:@/-]+)?)$/;
/** The same for Google's API. */
export const GOOGLE_PATHS = /^(?:\/v1\w*)?\/(?:models|tunedModels)(?:\/[\w.-]+(?::\w+)?)?$/;

/** The name of a setting with which an agent reaches its model by a way that Enki's own process does not know. */
export const NETWORK_VARIABLE = /^(?:https?_proxy|all_proxy|node_extra_ca_certs|ssl_cert_file|ssl_cert_dir|node_tls_reject_unauthorized)$/i;

export const toBearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key.trim()}` });

/** Parses headers of the form `Name: value`, one a line. */
export const parseHeaderLines = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*:[ \t]*([\t\x20-\x7e]*?)[ \t]*$/gm)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );
