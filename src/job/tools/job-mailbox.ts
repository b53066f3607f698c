import type { ExecutionId, Millis } from "../../core/domain/ids.ts";
import type { JobKey } from "../../core/domain/job.ts";
import { type MailAddress, sortMailsByUrgency, isMailExpired, createMailMatcher, type Mail, deriveMailId } from "../../core/domain/mail.ts";

/** The mail visible to a job, and the mail sent by the job. */
export type JobMailbox = ReturnType<typeof openMailbox>;

export type MailboxOptions = {
  readonly address: MailAddress;
  readonly execution: ExecutionId;
  readonly job: JobKey;
  /** The ledger's mails at the job's start. */
  readonly mails: readonly Mail[];
  readonly now: () => Millis;
  /** Reads the ledger's mail again. Returns null if the mail is unchanged, was read moments ago, or cannot be read. */
  readonly pollMails: () => Promise<readonly Mail[] | null>;
};

export const openMailbox = ({ address, execution, job, mails, now, pollMails }: MailboxOptions) => {
  const known = new Map<string, Mail>();
  const sent: Mail[] = [];
  let count = 0;
  const { to, from } = createMailMatcher(address, execution);
  const take = (fresh: readonly Mail[]): void => {
    for (const mail of fresh) if (!known.has(mail.id) && (to(mail) || from(mail))) known.set(mail.id, mail);
  };
  take(mails);
  const all = (): Mail[] => [...known.values(), ...sent].filter((mail) => !isMailExpired(mail, now()));
  const received = (): Mail[] => all().filter((mail) => to(mail));
  const change = (id: string, over: Partial<Mail>): void => {
    const mail = known.get(id);
    if (mail) known.set(id, { ...mail, ...over });
  };
  return {
    address,
    execution,
    now,
    all,
    received: (): Mail[] => sortMailsByUrgency(received()),
    unread: (): Mail[] => sortMailsByUrgency(received().filter(({ read }) => !read)),
    find: (id: string): Mail | undefined => all().find((mail) => mail.id === id),
    change,
    /** The number of mails sent by the job. */
    sent: (): number => count,
    nextId: (): string => deriveMailId(job, count + 1),
    send: (copies: readonly Mail[]): void => {
      count += 1;
      sent.push(...copies);
    },
    /** Adds mail that arrived since the last read. */
    refresh: async (): Promise<void> => take((await pollMails()) ?? []),
  };
};
