import { PRODUCT } from "../domain/product.ts";
import type { Millis } from "../domain/ids.ts";
import type { SpanAttributes } from "./telemetry-span.ts";
import { MINUTE_MS } from "../domain/durations.ts";

/** Where spans are sent, and how. */
export type TelemetrySettings = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: SpanAttributes;
  /** For one export with its retries. */
  readonly timeoutMs: Millis;
  readonly isCompressed: boolean;
  /** Sentences about settings that differ from the environment. */
  readonly notes: readonly string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TIMEOUT_MS: Millis = 10_000;
const MAX_TIMEOUT_MS: Millis = MINUTE_MS;

/** An empty variable counts as unset, as the specification says. The variable for traces comes before the one for all signals. */
const readVariable = (env: Environment, name: string): string => env[findVariableName(env, name)]?.trim() ?? "";

const findVariableName = (env: Environment, name: string): string => {
  const own = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
  return (env[own]?.trim() ?? "") === "" ? `OTEL_EXPORTER_OTLP_${name}` : own;
};

/** Whether the environment turns telemetry on. Cheap, because every process asks. */
export const isTelemetryOn = (env: Environment): boolean =>
  readVariable(env, "ENDPOINT") !== "" &&
  env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() !== "true" &&
  env["OTEL_TRACES_EXPORTER"]?.trim() !== "none";

const decodePart = (text: string): string => {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
};

/** A list of `key=value`, separated by commas, with percent-encoded values. Parts of another form are left out. */
const readPairs = (text: string): readonly (readonly [string, string])[] =>
  text.split(",").flatMap((part) => {
    const at = part.indexOf("=");
    const key = part.slice(0, at).trim();
    return at < 1 || key === "" ? [] : [[key, decodePart(part.slice(at + 1))] as const];
  });

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- what node:http refuses in a header
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

const readHeaders = (env: Environment): Record<string, string> =>
  Object.fromEntries(
    readPairs(readVariable(env, "HEADERS"))
      .filter(([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value))
      .map(([name, value]) => [name.toLowerCase(), value]),
  );

const readResource = (env: Environment): SpanAttributes => {
  const service = env["OTEL_SERVICE_NAME"]?.trim() ?? "";
  return {
    "service.name": PRODUCT.repository,
    "service.version": PRODUCT.version,
    ...Object.fromEntries(readPairs(env["OTEL_RESOURCE_ATTRIBUTES"] ?? "")),
    ...(service !== "" && { "service.name": service }),
  };
};

/** The address for traces: used as it is if it is one for traces, otherwise the base address with the path of the signal. */
const findAddress = (env: Environment): string => {
  const own = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]?.trim() ?? "";
  return own !== "" ? own : `${readVariable(env, "ENDPOINT").replace(/\/+$/, "")}/v1/traces`;
};

/** Without a name and a password, which belong into a header. */
const isWebAddress = (address: string): boolean => {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return /^https?:$/.test(protocol) && username === "" && password === "";
};

const findNotes = (env: Environment): string[] => {
  const protocol = readVariable(env, "PROTOCOL");
  return protocol === "" || protocol === "http/json"
    ? []
    : [
        `OpenTelemetry: spans are sent as http/json; ${findVariableName(env, "PROTOCOL")} asks for ${JSON.stringify(protocol.slice(0, 40))}`,
      ];
};

/** The settings of an environment that turns telemetry on; a sentence if it names no address that spans can be sent to. */
export const readTelemetrySettings = (env: Environment): TelemetrySettings | string => {
  const url = findAddress(env);
  if (!isWebAddress(url))
    return `OpenTelemetry: ${findVariableName(env, "ENDPOINT")} is not an address such as http://localhost:4318, so nothing is sent`;
  const timeout = Number(readVariable(env, "TIMEOUT"));
  return {
    url,
    headers: readHeaders(env),
    resource: readResource(env),
    timeoutMs: timeout > 0 ? Math.min(timeout, MAX_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS,
    isCompressed: readVariable(env, "COMPRESSION") === "gzip",
    notes: findNotes(env),
  };
};
