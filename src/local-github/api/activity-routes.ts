import { accountShape } from "./account-shape.ts";
import { nodeId, formatTimestamp } from "./api-urls.ts";
import type { ApiRoute, RouteHandler } from "./api-call.ts";

/** Lists moves of branches, newest first. https://docs.github.com/rest/repos/repos#list-repository-activities */
const listActivities: RouteHandler = (call) => {
  const ref = call.query("ref");
  const wanted = ref === undefined || ref.startsWith("refs/") ? ref : `refs/heads/${ref}`;
  const listed = call.repository.activities.filter((each) => wanted === undefined || each.ref === wanted).toReversed();
  return call.page(
    listed.map(({ id, before, after, at, by, type, ref: moved }) => ({
      id,
      node_id: nodeId("PSH", id),
      before,
      after,
      ref: moved,
      timestamp: formatTimestamp(at),
      activity_type: type,
      actor: accountShape(call.forge, by),
    })),
  );
};

export const activityRoutes: readonly ApiRoute[] = [["GET", "/activity", { scope: "contents", level: "read" }, listActivities]];
