import { describe, expect, test } from "vitest";
import { isTelemetryOn, readTelemetrySettings, type TelemetrySettings } from "../../../src/core/telemetry/telemetry-settings.ts";

const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" };

const read = (env: Record<string, string>): TelemetrySettings => {
  const settings = readTelemetrySettings({ ...BASE, ...env });
  if (typeof settings === "string") throw new Error(settings);
  return settings;
};

describe("telemetry is", () => {
  test.each([
    [true, BASE],
    [true, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://localhost:4318/v1/traces" }],
    [true, { ...BASE, OTEL_SDK_DISABLED: "false" }],
    [false, {}],
    // A workflow passes an unset variable as an empty text.
    [false, { OTEL_EXPORTER_OTLP_ENDPOINT: " " }],
    [false, { ...BASE, OTEL_SDK_DISABLED: "True" }],
    [false, { ...BASE, OTEL_TRACES_EXPORTER: "none" }],
  ])("%s with %j", (isOn, env) => {
    expect(isTelemetryOn(env as Record<string, string>)).toBe(isOn);
  });
});

test.each([
  ["http://localhost:4318", "http://localhost:4318/v1/traces"],
  ["http://localhost:4318/", "http://localhost:4318/v1/traces"],
  ["https://collector.example/otlp", "https://collector.example/otlp/v1/traces"],
])("the address %s gets the path of traces", (endpoint, url) => {
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).url).toBe(url);
});

test("variables for traces come first, and their address is used as it is", () => {
  const settings = read({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example/in",
    OTEL_EXPORTER_OTLP_HEADERS: "a=1",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1000",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000",
  });
  expect(settings).toMatchObject({ url: "https://traces.example/in", headers: { b: "2" }, timeoutMs: 2_000 });
});

test.each([
  ["ftp://localhost", "no web address"],
  ["localhost:4318", "no address"],
  ["http://user:password@localhost:4318", "an address with a password"],
])("%s is refused with a sentence", (endpoint) => {
  expect(readTelemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toMatch(
    /^OpenTelemetry: OTEL_EXPORTER_OTLP_ENDPOINT is not an address/,
  );
});

test("headers are a list with percent-encoded values; parts of another form, and what HTTP forbids, are left out", () => {
  const text = "Authorization=Basic%20dTpw, x-scope = a=b ,broken,=none,bad name=1,split=a%0D%0Ab,half=100%";
  expect(read({ OTEL_EXPORTER_OTLP_HEADERS: text }).headers).toEqual({ authorization: "Basic dTpw", "x-scope": "a=b", half: "100%" });
});

test("the resource has a name and a version, and what the environment adds", () => {
  expect(read({}).resource).toMatchObject({ "service.name": "enki", "service.version": expect.any(String) });
  expect(read({ OTEL_RESOURCE_ATTRIBUTES: "service.name=a,team=b%20c" }).resource).toMatchObject({ "service.name": "a", team: "b c" });
  expect(read({ OTEL_RESOURCE_ATTRIBUTES: "service.name=a", OTEL_SERVICE_NAME: "c" }).resource).toMatchObject({ "service.name": "c" });
});

test.each([
  ["", 10_000],
  ["2500", 2_500],
  ["-1", 10_000],
  ["soon", 10_000],
  ["999999999", 60_000],
])("the time limit %j is %i milliseconds", (text, timeoutMs) => {
  expect(read({ OTEL_EXPORTER_OTLP_TIMEOUT: text }).timeoutMs).toBe(timeoutMs);
});

test("another protocol than the only one is named once", () => {
  expect(read({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }).notes).toEqual([]);
  expect(read({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }).notes).toEqual([
    'OpenTelemetry: spans are sent as http/json; OTEL_EXPORTER_OTLP_PROTOCOL asks for "grpc"',
  ]);
  expect(read({ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" }).notes).toEqual([
    'OpenTelemetry: spans are sent as http/json; OTEL_EXPORTER_OTLP_TRACES_PROTOCOL asks for "grpc"',
  ]);
});

test.each(["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])("%s is named if it holds no address", (name) => {
  expect(readTelemetrySettings({ [name]: "nowhere" })).toBe(
    `OpenTelemetry: ${name} is not an address such as http://localhost:4318, so nothing is sent`,
  );
});
