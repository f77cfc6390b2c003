import { timeJson } from "../report/json/rule.js";
import { checkedPage, checkWholeOrg } from "./access.js";
import type { Paging } from "./registry.js";
import type { Caller, Services } from "./services.js";
import type { AuditPage } from "./shapes.js";

/** Who changed what, newest first. */
export async function audit({ store }: Services, caller: Caller, paging?: Paging): Promise<AuditPage> {
  checkWholeOrg(caller, "the audit log");
  const page = checkedPage(paging);
  const { items, total } = await store.audit.list(caller.org, page);
  return {
    entries: items.map(({ id, atMs, actor, action, subject, detail }) => ({
      id,
      at: timeJson(atMs) as string,
      actor,
      action,
      subject,
      detail: JSON.parse(detail) as object,
    })),
    total,
    page: page.page,
    per_page: page.perPage,
  };
}
