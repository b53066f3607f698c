import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseUnknownQuestion = (id: string): Refusal =>
  refuse("unknown-mail", `There is no question \`${id}\`.`, "/enki status").refusal;

export const refuseAnsweredQuestion = (id: string): Refusal =>
  refuse("already-answered", `\`${id}\` already has an answer.`, "/enki status").refusal;

export const refuseFullMailbox = (most: number): Refusal => refuse("too-much-mail", `an execution keeps at most ${most} mails`).refusal;

export const refuseUnknownRecipient = (address: string): Refusal => refuse("unknown-address", `unknown address '${address}'`).refusal;

export const refuseForeignMail = (id: string): Refusal => refuse("unknown-mail", `there is no mail ${id} to this job`).refusal;

export const refuseMailReply = (reason: string): Refusal => refuse("no-reply", reason).refusal;
