import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isSha, type Millis, type RefName, type Sha } from "../core/domain/ids.ts";
import { NOBODY } from "../core/domain/product.ts";
import type { JobTrace } from "../core/telemetry/job-spans.ts";
import { toJobKey } from "../core/domain/job.ts";
import { toResultRef } from "../core/domain/refs.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { openClone } from "../storage/git/repository-clone.ts";
import type { JobHost } from "./repository-state.ts";

/** Where publish leaves its result for the steps after it: the clone with the commit, and the folder of the artifact. */
export const toDeliveryPaths = (temp: string) => ({
  clone: join(temp, "enki-publish.git"),
  delivery: join(temp, "enki-delivery.json"),
  artifact: join(temp, "enki-result"),
});

const shaSchema = z.string().refine(isSha);
const deliverySchema = z.strictObject({
  commit: shaSchema,
  /** What the result's ref holds; null if it does not exist. */
  occupant: shaSchema.nullable(),
  /** Whether the ledger knows this run as the run of the job, so that anything else in its ref is no result. */
  mayReplace: z.boolean(),
  trace: z.unknown(),
});
type Delivery = Omit<z.output<typeof deliverySchema>, "trace"> & { readonly trace: DeliveredTrace };

/** The parts of the job, and the start of publish. */
export type DeliveredTrace = JobTrace & { readonly from: Millis };

/** Records the built result for {@link deliverResult}, and its text for the artifact that the run uploads before. */
export const writeDelivery = async (at: ReturnType<typeof toDeliveryPaths>, delivery: Delivery, result: string): Promise<void> => {
  await mkdir(at.artifact, { recursive: true });
  await writeFile(join(at.artifact, "result.json"), result);
  await writeFile(at.delivery, JSON.stringify(delivery));
};

export type DeliverOptions = {
  readonly token: string;
  readonly wakeCoordinator: () => Promise<void>;
  /** Receives the job's trace once the result is delivered. */
  readonly onDelivered?: (trace: DeliveredTrace) => void;
};

export type DeliverEnd = "delivered" | "was-there";

/** Creates the result's ref with the commit that publish built, without fetching anything again. Throws if it cannot be created. */
export const deliverResult = async (host: JobHost, { token, wakeCoordinator, onDelivered }: DeliverOptions): Promise<DeliverEnd> => {
  const at = toDeliveryPaths(host.temp);
  const delivery = deliverySchema.parse(JSON.parse(await readFile(at.delivery, "utf8")));
  const { url, near, after, stop } = host;
  const clone = await openClone({
    url,
    directory: at.clone,
    token: () => Promise.resolve(token),
    identity: NOBODY,
    after,
    stop,
    near,
  });
  const end = await pushResult(clone, toResultRef(toJobKey(host.job)), delivery);
  await wakeCoordinator();
  // Publish wrote the trace, in the same job.
  if (end === "delivered") onDelivered?.(delivery.trace as DeliveredTrace);
  return end;
};

const MAX_PUSH_ATTEMPTS = 5;

/**
 * Pushes with a lease on the ref's known value, usually none. A push with an unknown end is repeated safely, because the lease permits it
 * only once. If a person's commit is in the way, a run that the ledger knows replaces it.
 */
const pushResult = async (
  clone: RepositoryClone,
  ref: RefName,
  { commit, occupant, mayReplace }: Omit<Delivery, "trace">,
): Promise<DeliverEnd> => {
  let expected: Sha | null = occupant;
  for (let attempt = 1; ; attempt += 1) {
    const end = await clone.push([{ ref, oldSha: expected, newSha: commit }]);
    if (end.kind === "pushed") return "delivered";
    if (end.kind === "not-allowed" || attempt === MAX_PUSH_ATTEMPTS) throw new Error(`the result could not be published: ${end.text}`);
    if (end.kind !== "stale") continue;
    const found = await clone.remoteRef(ref);
    if (found === commit) return "delivered";
    if (!mayReplace) return "was-there";
    expected = found;
  }
};
