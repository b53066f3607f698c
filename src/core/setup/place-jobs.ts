import type { JobsSection } from "../config/jobs-schema.ts";

type Runners = JobsSection["runs_on"];
type Services = JobsSection["services"];

/** The keys for the machine of each job; the first that is set counts. */
const RUNNER_KEYS: Readonly<Record<string, readonly (keyof Runners)[]>> = {
  agent: ["agent"],
  verify: ["verify"],
  publish: ["publish"],
  rescue: ["short", "publish"],
  gate: ["short", "coordinate"],
  coordinate: ["coordinate"],
  clock: ["short", "coordinate"],
  tell: ["short", "coordinate"],
};

/** The lines of a workflow file with the machines and the service containers of its jobs. */
export const placeJobs = (lines: readonly string[], { runs_on: runners, services }: JobsSection): string[] => {
  let job = "";
  return lines.flatMap((line) => {
    job = /^ {2}(\w+):$/.exec(line)?.[1] ?? job;
    if (!/^ {4}runs-on: /.test(line)) return [line];
    const label = (RUNNER_KEYS[job] ?? []).map((key) => runners[key]).find((each) => each !== undefined);
    const placed = label === undefined ? line : `    runs-on: ${formatLabels(label)}`;
    return [placed, ...(job === "verify" ? renderServices(services) : [])];
  });
};

const formatLabels = (label: string | readonly string[]): string =>
  typeof label === "string" ? quoteLabel(label) : `[${label.map(quoteLabel).join(", ")}]`;

const quoteLabel = (text: string): string => (/^[A-Za-z][\w.-]*$/.test(text) ? text : JSON.stringify(text));

/** The lines of a job's service containers; none without any. */
const renderServices = (services: Services): string[] => {
  const entries = Object.entries(services);
  return entries.length === 0 ? [] : ["    services:", ...entries.flatMap(renderService)];
};

const renderService = ([name, { image, env = {}, ports = [], options }]: [string, Services[string]]): string[] => [
  `      ${name}:`,
  `        image: ${JSON.stringify(image)}`,
  ...(Object.keys(env).length === 0 ? [] : ["        env:"]),
  ...Object.entries(env).map(([key, value]) => `          ${key}: ${JSON.stringify(value)}`),
  ...(ports.length === 0 ? [] : [`        ports: [${ports.map((port) => JSON.stringify(port)).join(", ")}]`]),
  ...(options === undefined ? [] : [`        options: ${JSON.stringify(options)}`]),
];
