import { getPath } from "hono/utils/url";

/**
 * The name of the local GitHub for `gh`. For this name, `gh` uses HTTP and the paths of github.com. Names below `localhost` mean the
 * own machine (RFC 6761). The local GitHub is its own proxy: `GH_HOST=github.localhost HTTP_PROXY=<address>`.
 */
export const CLIENT_HOST = "github.localhost";
const CLIENT_API_HOST = `api.${CLIENT_HOST}`;

const API_PREFIX = "/api/v3";

/** The path of a request: `gh` asks `api.github.localhost` for paths without a prefix. */
export const readApiPath = (request: Request): string => {
  const path = getPath(request);
  if (!request.url.startsWith(`http://${CLIENT_API_HOST}/`)) return path;
  return path === "/graphql" ? "/api/graphql" : `${API_PREFIX}${path}`;
};

/** The server in links of an answer. `gh` sends its token to the requested server only. */
export const readLinkOrigin = (address: string, fallback: string): string => {
  const { hostname, origin } = new URL(address);
  return hostname === CLIENT_API_HOST ? origin : fallback;
};

/** Protects against DNS rebinding: other names are refused. */
export const isOwnHostHeader = (host: string): boolean =>
  /^(?:127\.0\.0\.1|localhost|(?:api\.)?github\.localhost|\[::1\])(?::\d+)?$/.test(host);
