import { type ForgeState, takeNextId } from "./forge-state.ts";
import type { FileAttachment } from "./file-attachment.ts";
import type { Hono } from "hono";

/** Stores a file like an upload in a browser and returns the address to use in a text. */
export const storeAttachment = (forge: ForgeState, attachment: FileAttachment): string => {
  const id = takeNextId(forge);
  forge.attachments.set(id, attachment);
  return `${forge.url}/user-attachments/files/${id}/${encodeURIComponent(attachment.name)}`;
};
/** Like GitHub, redirects the public address of an attachment to the address of its content. */
export const attachmentRoutes = (forge: ForgeState, app: Hono): void => {
  app.get("/user-attachments/files/:id/:name", (context) => {
    const id = Number(context.req.param("id"));
    const found = forge.attachments.get(id);
    if (!found) return context.text("Not Found\n", 404);
    return context.redirect("redirect" in found ? found.redirect : `${forge.url}/user-attachments/stored/${id}`, 302);
  });
  app.get("/user-attachments/stored/:id", (context) => {
    const found = forge.attachments.get(Number(context.req.param("id")));
    if (!found || !("content" in found)) return context.text("Not Found\n", 404);
    return new Response(Buffer.from(found.content), { headers: { "content-type": found.type } });
  });
};
